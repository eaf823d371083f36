'use strict'

// Plays magpie's HLS by Media Source Extensions: each rung is one fragmented
// MP4, pictures and sound together, of which a playlist names the byte ranges.
const magpieStream = (() => {
  const ahead = 30 // seconds that are fetched before they are due
  const spare = 1.3 // a rung takes this many times its peak rate

  const attributes = (list) => Object.fromEntries(
    [...list.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g)].map((m) => [m[1], m[2] ?? m[3]]))

  const lines = (text) => text.split('\n').map((l) => l.trim()).filter(Boolean)

  const rangeOf = (value) => {
    const [length, offset] = value.split('@').map(Number)
    return { offset, length }
  }

  // The rungs of a multivariant playlist, smallest first as they are written.
  function rungsOf(text, base) {
    const rungs = []
    let info
    for (const line of lines(text)) {
      if (line.startsWith('#EXT-X-STREAM-INF:')) info = attributes(line.slice(18))
      else if (line[0] !== '#' && info) {
        rungs.push({ url: new URL(line, base).href, bits: +info.BANDWIDTH, width: parseInt(info.RESOLUTION) || 0, type: `video/mp4; codecs="${info.CODECS}"` })
        info = null
      }
    }
    return rungs
  }

  function segmentsOf(text, base) {
    const list = { segments: [], seconds: 0 }
    let length = 0
    let range
    for (const line of lines(text)) {
      if (line.startsWith('#EXTINF:')) length = parseFloat(line.slice(8))
      else if (line.startsWith('#EXT-X-BYTERANGE:')) range = rangeOf(line.slice(17))
      else if (line.startsWith('#EXT-X-MAP:')) {
        const map = attributes(line.slice(11))
        list.first = { url: new URL(map.URI, base).href, range: rangeOf(map.BYTERANGE) }
      } else if (line[0] !== '#') {
        list.segments.push({ url: new URL(line, base).href, range, end: list.seconds + length })
        list.seconds += length
      }
    }
    return list
  }

  class Refused extends Error {}

  // Fetches, and tries again what may be better the next time.
  async function get(url, range, signal) {
    const headers = range ? { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` } : {}
    for (let tries = 0; ; tries++) {
      try {
        const answer = await fetch(url, { headers, signal, credentials: 'omit' })
        if (answer.ok && (!range || answer.status === 206)) return await answer[range ? 'arrayBuffer' : 'text']()
        if (answer.status < 500 && answer.status !== 429) throw new Refused(answer.status)
      } catch (e) {
        if (e instanceof Refused || signal?.aborted || tries === 4) throw e
      }
      await new Promise((later) => setTimeout(later, 500 << tries))
    }
  }

  // Begins to play master in video. It calls fail once with what went wrong, a
  // status or 0, and resolves to false where the browser can't play it this way.
  return async (video, master, fail) => {
    const Source = window.ManagedMediaSource ?? window.MediaSource
    if (!Source) return false
    const base = new URL(master, location.href).href
    let failed = false
    const broken = (e) => {
      if (!failed) fail(e instanceof Refused ? +e.message : 0, e)
      failed = true
    }
    let rungs
    try {
      rungs = rungsOf(await get(base), base).filter((r) => Source.isTypeSupported(r.type))
    } catch (e) {
      broken(e)
      return true
    }
    if (!rungs.length) return false

    const source = new Source()
    const opened = new Promise((ok) => source.addEventListener('sourceopen', ok, { once: true }))
    video.disableRemotePlayback = true // a ManagedMediaSource opens only then
    const address = URL.createObjectURL(source)
    video.src = address
    await opened
    URL.revokeObjectURL(address)

    let speed = (navigator.connection?.downlink || 1.5) * 1e6 // bits a second
    let rung // whose initialization was appended last
    let buffer
    let head = 0 // everything before it was fetched
    let seeks = 0
    let busy = false
    let cancel

    // The largest rung that the connection carries and the screen has use for.
    function choose() {
      const pixels = video.clientWidth * devicePixelRatio
      let best = rungs[0]
      for (const r of rungs) {
        if (best.width < pixels && r.bits * spare <= speed && r.width >= best.width) best = r
      }
      return best
    }

    const until = (at) => {
      const b = video.buffered
      for (let i = 0; i < b.length; i++) if (b.start(i) <= at + 0.1 && at < b.end(i)) return b.end(i)
      return at
    }

    const changed = (change) => new Promise((ok, no) => {
      buffer.onupdateend = ok
      buffer.onerror = () => no(new Error('what was fetched can not be played'))
      change()
    })

    async function append(bytes) {
      for (;;) {
        try {
          await changed(() => buffer.appendBuffer(bytes))
          return
        } catch (e) {
          if (e.name !== 'QuotaExceededError' || video.currentTime < 5) throw e
          await changed(() => buffer.remove(0, video.currentTime - 4))
          await new Promise((later) => setTimeout(later, 1000))
        }
      }
    }

    async function step() {
      const seen = seeks
      const next = choose()
      next.list ??= segmentsOf(await get(next.url), next.url)
      if (!buffer) {
        buffer = source.addSourceBuffer(next.type)
        source.duration = next.list.seconds
      }
      const segment = next.list.segments.find((s) => s.end > head + 0.1)
      if (!segment) {
        if (source.readyState === 'open') source.endOfStream()
        return false
      }
      cancel = new AbortController()
      if (rung !== next) {
        next.first ??= await get(next.list.first.url, next.list.first.range, cancel.signal)
        if (rung && rung.type !== next.type) buffer.changeType(next.type)
        await append(next.first)
        rung = next
      }
      const began = performance.now()
      const bytes = await get(segment.url, segment.range, cancel.signal)
      const took = Math.max(performance.now() - began, 1)
      if (bytes.byteLength > 32768 || took > 500) speed = 0.6 * speed + 0.4 * (bytes.byteLength * 8000 / took)
      await append(bytes)
      if (seen === seeks) head = segment.end
      return true
    }

    async function pump() {
      if (busy || failed) return
      busy = true
      while (head - video.currentTime < ahead) {
        try {
          if (!await step()) break
        } catch (e) {
          if (cancel?.signal.aborted) { // the viewer went elsewhere
            cancel = null
            continue
          }
          broken(e)
          break
        }
        overGap()
      }
      busy = false
    }

    // What is buffered may begin a few pictures late.
    function overGap() {
      const b = video.buffered
      const at = video.currentTime
      for (let i = 0; i < b.length; i++) {
        if (b.start(i) > at && b.start(i) - at < 0.5 && until(at) === at) video.currentTime = b.start(i) + 0.001
      }
    }

    video.addEventListener('timeupdate', pump)
    video.addEventListener('waiting', overGap)
    video.addEventListener('seeking', () => {
      const end = until(video.currentTime)
      seeks++
      head = end
      cancel?.abort()
      pump()
    })
    pump()
    return true
  }
})()
