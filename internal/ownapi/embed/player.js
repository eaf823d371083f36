'use strict'

// The page's controls.
{
  const data = JSON.parse(document.getElementById('data').textContent)
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  const $ = (id) => document.getElementById(id)
  const shapes = { play: 'M7 4v16l13-8z', pause: 'M6 4h4v16H6zM14 4h4v16h-4z' }

  const words = (seconds) => {
    const s = Math.floor(seconds)
    const two = (n) => String(n).padStart(2, '0')
    const h = Math.floor(s / 3600)
    return (h ? `${h}:${two(Math.floor(s / 60) % 60)}` : Math.floor(s / 60)) + ':' + two(s % 60)
  }

  function complain(text) {
    $('message').textContent = text
    $('message').hidden = false
  }

  function begin() {
    const stage = $('stage')
    if (data.color) stage.style.backgroundColor = data.color
    const shown = $('video') ?? $('image')
    shown.addEventListener('error', () => {
      if (shown === $('image')) complain('The picture could not be loaded.')
    })
    if (shown !== $('video')) return
    player(shown, stage)
    if (data.token) magpieEvents(shown, data.token)
  }

  function player(video, stage) {
    let loading
    const seek = $('seek')

    function fail(status) {
      complain(status === 403 ? 'The link to this video has expired. Load the page again.'
        : status === 410 || status === 404 ? 'This video is not available any more.'
          : status === 451 ? 'This video is not shown in your country.'
            : 'The video could not be loaded.')
    }

    // Nothing is fetched before somebody wants to watch.
    function load() {
      loading ??= (async () => {
        video.preload = 'auto'
        if (data.master) {
          const native = video.canPlayType('application/vnd.apple.mpegurl')
          const apple = /^Apple/.test(navigator.vendor)
          if (!(native && apple) && await magpieStream(video, data.master, fail)) return
          if (native) {
            video.src = data.master
            return
          }
        }
        if (data.file) video.src = data.file
        else complain('This browser has no way to play this video.')
      })()
      return loading
    }

    async function play() {
      load()
      try {
        await video.play()
      } catch (e) {
        if (e.name !== 'NotAllowedError' || video.muted) return
        video.muted = true
        video.play().catch(() => {})
      }
    }

    const toggle = () => (video.paused ? play() : video.pause())

    function goTo(seconds) {
      const end = video.duration || data.seconds
      load()
      const at = Math.min(Math.max(seconds, 0), end)
      if (video.readyState) video.currentTime = at
      else video.addEventListener('loadedmetadata', () => { video.currentTime = at }, { once: true })
    }

    function full() {
      if (document.fullscreenElement) document.exitFullscreen()
      else if (stage.requestFullscreen) stage.requestFullscreen().catch(() => {})
      else video.webkitEnterFullscreen?.()
    }

    const tracks = () => [...video.textTracks].filter((t) => t.kind === 'subtitles' || t.kind === 'captions')
    let last = data.lang

    // Shows the captions of one language, or none.
    function caption(language) {
      for (const t of tracks()) t.mode = language && t.language === language ? 'showing' : 'disabled'
      if (language) last = language
      if ($('captions')) $('captions').value = language
    }

    function nextCaption() {
      if (!$('captions')) return
      const on = tracks().some((t) => t.mode === 'showing')
      caption(on ? '' : last || tracks()[0]?.language || '')
    }

    function draw() {
      const label = video.paused ? 'Play' : 'Pause'
      $('play').setAttribute('aria-label', label)
      $('play').querySelector('path').setAttribute('d', video.paused ? shapes.play : shapes.pause)
      $('big').hidden = !video.paused
      if (video.paused) delete stage.dataset.idle
    }

    function drawTime() {
      if (!seek) return
      const end = video.duration || data.seconds
      const text = `${words(video.currentTime)} of ${words(end)}`
      seek.max = end
      seek.value = video.currentTime
      seek.setAttribute('aria-valuetext', text)
      $('time').textContent = `${words(video.currentTime)} / ${words(end)}`
    }

    function drawSound() {
      if (!$('mute')) return
      $('mute').setAttribute('aria-pressed', String(video.muted || video.volume === 0))
    }

    const keys = {
      k: toggle,
      ' ': toggle,
      m: () => { video.muted = !video.muted },
      c: nextCaption,
      f: full,
      ArrowLeft: () => goTo(video.currentTime - 5),
      ArrowRight: () => goTo(video.currentTime + 5),
      ArrowUp: () => { video.volume = Math.min(1, video.volume + 0.1) },
      ArrowDown: () => { video.volume = Math.max(0, video.volume - 0.1) },
    }

    document.addEventListener('keydown', (e) => {
      const key = e.key.length === 1 ? e.key.toLowerCase() : e.key
      const on = e.target.closest('button, select, a') // which have these keys' meaning already
      if (!keys[key] || e.ctrlKey || e.metaKey || e.altKey) return
      if (on && (key === ' ' || on.matches('select'))) return
      e.preventDefault()
      keys[key]()
    })

    video.addEventListener('click', toggle)
    $('big').addEventListener('click', () => { play(); $('play').focus() })
    $('play').addEventListener('click', toggle)
    $('full').addEventListener('click', full)
    $('mute')?.addEventListener('click', keys.m)
    $('captions')?.addEventListener('change', (e) => caption(e.target.value))
    seek?.addEventListener('input', () => goTo(+seek.value))
    for (const e of ['play', 'pause', 'ended']) video.addEventListener(e, draw)
    for (const e of ['timeupdate', 'durationchange', 'seeking']) video.addEventListener(e, drawTime)
    video.addEventListener('volumechange', drawSound)
    video.addEventListener('error', () => fail(0))

    let quiet
    const stir = () => {
      delete stage.dataset.idle
      clearTimeout(quiet)
      quiet = setTimeout(() => { if (!video.paused) stage.dataset.idle = '' }, 3000)
    }
    for (const e of ['pointermove', 'pointerdown', 'keydown', 'focusin', 'play']) stage.addEventListener(e, stir, true)

    draw()
    drawTime()
    if (data.lang) caption(data.lang)
    if (data.start) goTo(data.start)
    if (data.autoplay && !calm) play()
  }

  const show = $('show')
  if (!show) begin()
  show?.addEventListener('click', () => {
    $('warning').replaceWith($('held').content)
    begin()
    const next = $('play') ?? $('player')
    next.focus()
  })
}
