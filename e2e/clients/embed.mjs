// A viewer of embed pages in headless Chromium. Does what each job says and prints
// as JSON what was seen.
//
//   node embed.mjs CHROMIUM '[{"do": "video", "url": "…"}, …]'

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const [executablePath, list] = process.argv.slice(2)
const profile = await mkdtemp(join(tmpdir(), 'magpie-embed-'))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  viewport: { width: 640, height: 360 },
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--mute-audio',
  ],
})

const $video = (page) => page.locator('#video')
const state = (page) => $video(page).evaluate((v) => ({
  at: v.currentTime, paused: v.paused, muted: v.muted, volume: v.volume, ended: v.ended, width: v.videoWidth, duration: v.duration,
  source: v.currentSrc.split(':')[0],
}))
const until = (page, what) => page.waitForFunction(what, null, { polling: 50, timeout: 120_000 })

// What the focus comes to, one Tab after the other.
async function tabs(page) {
  const out = []
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab')
    const on = await page.evaluate(() => {
      const e = document.activeElement
      if (e === document.body) return ''
      const ring = getComputedStyle(e).outlineStyle
      return `${e.localName}#${e.id} ${e.getAttribute('aria-label') ?? e.textContent.trim()}${ring === 'none' ? ' without outline' : ''}`
    })
    if (!on || out.includes(on)) break
    out.push(on)
  }
  return out
}

// Faults that a screen reader's user would meet.
const faults = (page) => page.evaluate(() => {
  const wrong = []
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id)
  if (new Set(ids).size !== ids.length) wrong.push('an id is there twice')
  if (!document.documentElement.lang) wrong.push('no language')
  if (!document.title) wrong.push('no title')
  if (document.querySelectorAll('main').length !== 1) wrong.push('not one main')
  for (const e of document.querySelectorAll('button, a, select, input, video, img')) {
    const name = e.getAttribute('aria-hidden') || e.getAttribute('aria-label') || e.getAttribute('alt') || e.textContent.trim()
    if (!name) wrong.push(`${e.localName}#${e.id} has no name`)
  }
  for (const e of document.querySelectorAll('button, select, a')) {
    const box = e.getBoundingClientRect()
    if (box.width && (box.width < 24 || box.height < 24)) wrong.push(`${e.localName}#${e.id} is ${box.width}×${box.height}`)
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the screen')
  return wrong
})

const jobs = {
  async video(page, { url }, seen) {
    await page.goto(url)
    await page.locator('#big').waitFor()
    await until(page, () => performance.getEntriesByType('resource').length > 0)
    seen.before = [...seen.requests]
    seen.faults = await faults(page)
    seen.tabs = await tabs(page)
    seen.colors = await page.locator('body').evaluate((e) => getComputedStyle(e).backgroundColor)
    await page.locator('body').click({ position: { x: 5, y: 5 }, trial: true })
    await page.evaluate(() => document.activeElement.blur())
    await page.keyboard.press('k')
    await until(page, () => document.getElementById('video').currentTime > 0.5)
    seen.playing = await state(page)
    seen.label = await page.locator('#play').getAttribute('aria-label')
    await page.keyboard.press('c')
    await until(page, () => [...document.getElementById('video').textTracks].some((t) => t.activeCues?.length))
    seen.cue = await $video(page).evaluate((v) => {
      const t = [...v.textTracks].find((t) => t.activeCues?.length)
      return `${t.language}: ${t.activeCues[0].text}`
    })
    seen.captions = await page.locator('#captions').inputValue()
    await page.keyboard.press('c')
    await until(page, () => [...document.getElementById('video').textTracks].every((t) => t.mode !== 'showing'))
    seen.captionsOff = await page.locator('#captions').inputValue()
    await page.keyboard.press('m')
    seen.muted = await state(page)
    await page.keyboard.press('ArrowDown')
    seen.quieter = await state(page)
    await page.keyboard.press(' ')
    seen.paused = await state(page)
    await page.keyboard.press('ArrowRight')
    await until(page, () => !document.getElementById('video').seeking && document.getElementById('video').readyState > 1)
    seen.forward = await state(page)
    await page.keyboard.press('ArrowLeft')
    await until(page, () => !document.getElementById('video').seeking)
    seen.back = await state(page)
    await page.keyboard.press('f')
    await until(page, () => document.fullscreenElement?.id === 'stage')
    await page.keyboard.press('f')
    await until(page, () => !document.fullscreenElement)
    // To just before the end, by the slider, and on to the end.
    await page.locator('#seek').evaluate((s) => { s.value = s.max - 1; s.dispatchEvent(new Event('input', { bubbles: true })) })
    await page.keyboard.press('k')
    await until(page, () => document.getElementById('video').ended)
    seen.end = await state(page)
    await until(page, () => document.getElementById('big').hidden === false) // the page has heard of the end too
    seen.valuetext = await page.locator('#seek').getAttribute('aria-valuetext')
    // And once more from the beginning, which takes what was let go of.
    await page.keyboard.press('k')
    await until(page, () => { const v = document.getElementById('video'); return !v.ended && v.currentTime > 0.2 && v.currentTime < 10 })
    seen.message = await page.locator('#message').isVisible()
    // Whoever leaves has told what they watched.
    const told = page.waitForResponse((r) => r.request().method() === 'POST' && r.url().endsWith('/magpie/v1/events'))
    await page.evaluate(() => dispatchEvent(new Event('pagehide')))
    const answer = await told
    seen.told = answer.status()
    seen.events = JSON.parse(answer.request().postData()).events.map((e) => e.type)
  },

  // Begins where and how the address says.
  async begin(page, { url }, seen) {
    await page.goto(url)
    const begun = await until(page, () => {
      const v = document.getElementById('video')
      return v.readyState > 1 && !v.seeking && v.currentTime > 0 &&
        { at: v.currentTime, paused: v.paused, muted: v.muted, width: v.videoWidth, source: v.currentSrc.split(':')[0] }
    })
    seen.playing = await begun.jsonValue()
    seen.modes = await $video(page).evaluate((v) => [...v.textTracks].map((t) => `${t.language} ${t.mode}`))
  },

  async plays(page, { url }, seen) {
    await page.goto(url)
    const big = page.locator('#big')
    if (await big.isVisible()) await big.click()
    await until(page, () => document.getElementById('video').currentTime > 0.3)
    seen.playing = await state(page)
  },

  // Begins by a slow connection, goes on to what isn't there yet, and gets a fast one.
  async switches(page, { url }, seen) {
    const wire = await page.context().newCDPSession(page)
    const speed = (bytes) => wire.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: bytes, uploadThroughput: -1 })
    await page.goto(url)
    await wire.send('Network.enable')
    await speed(40_000)
    await page.keyboard.press('k')
    await until(page, () => document.getElementById('video').currentTime > 0.3)
    seen.playing = await state(page)
    await page.locator('#seek').evaluate((s) => { s.value = 17; s.dispatchEvent(new Event('input', { bubbles: true })) })
    await speed(-1)
    await until(page, () => document.getElementById('video').currentTime > 17.3)
    await page.locator('#seek').evaluate((s) => { s.value = 9; s.dispatchEvent(new Event('input', { bubbles: true })) })
    await until(page, () => document.getElementById('video').currentTime > 13)
    seen.end = await state(page)
    seen.message = await page.locator('#message').isVisible()
  },

  async warning(page, { url }, seen) {
    await page.goto(url)
    seen.heading = await page.getByRole('heading', { level: 1 }).innerText()
    seen.words = await page.locator('#warning').innerText()
    seen.faults = await faults(page)
    await page.waitForLoadState('networkidle')
    seen.before = [...seen.requests]
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('#stage').waitFor()
    seen.focus = await page.evaluate(() => document.activeElement.id)
    const next = page.locator('#video, #image')
    if (await next.evaluate((e) => e.localName) === 'img') {
      await until(page, () => document.getElementById('image').complete && document.getElementById('image').naturalWidth > 0)
    } else {
      await until(page, () => document.getElementById('video').currentTime > 0.2) // by itself, as its address says
    }
    seen.gone = await page.locator('#warning').count() === 0
  },

  async image(page, { url }, seen) {
    await page.goto(url)
    await until(page, () => document.getElementById('image').complete && document.getElementById('image').naturalWidth > 0)
    seen.alt = await page.getByRole('img').first().getAttribute('alt')
    seen.faults = await faults(page)
    seen.text = await page.locator('main').innerText()
    const box = await page.locator('#stage').boundingBox()
    seen.stickers = await page.locator('#stickers image').evaluateAll((all) => all.map((e) => {
      const b = e.getBoundingClientRect()
      return [b.x, b.y, b.width, b.height]
    }))
    seen.stage = [box.x, box.y, box.width, box.height]
    await page.evaluate(() => Promise.all([...document.querySelectorAll('#image, #stickers image')].map((e) => e.decode())))
    // The colour in the middle of each sticker, as it is on the screen.
    const shot = await page.screenshot()
    seen.middles = await page.evaluate(async ({ png, boxes }) => {
      const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0))
      const picture = await createImageBitmap(new Blob([bytes]))
      const pen = new OffscreenCanvas(picture.width, picture.height).getContext('2d', { willReadFrequently: true })
      pen.drawImage(picture, 0, 0)
      return boxes.map(([x, y, w, h]) => [...pen.getImageData(Math.round(x + w / 2), Math.round(y + h / 2), 1, 1).data].slice(0, 3))
    }, { png: shot.toString('base64'), boxes: seen.stickers })
  },

  // Opens a page of another site that holds the embed page in a frame.
  async frame(page, { url, expect }, seen) {
    await page.goto(url)
    const frame = page.frameLocator('iframe')
    if (expect) {
      await frame.locator('#big').click()
      const inner = page.frames()[1]
      await inner.waitForFunction(() => document.getElementById('video').currentTime > 0.3, null, { polling: 50, timeout: 120_000 })
      seen.played = true
    } else {
      await page.waitForLoadState('networkidle')
      const inner = page.frames()[1]
      seen.played = await inner.locator('#video').count() > 0
      seen.text = await inner.locator('body').innerText().catch(() => '')
      seen.shown = inner.url()
    }
  },
}

const out = []
try {
  for (const job of JSON.parse(list)) {
    const page = await browser.newPage()
    page.setDefaultTimeout(120_000)
    if (job.motion) await page.emulateMedia({ reducedMotion: job.motion })
    if (job.scheme) await page.emulateMedia({ colorScheme: job.scheme })
    if (job.width) await page.setViewportSize({ width: job.width, height: job.height })
    const seen = { requests: [], said: [] }
    page.on('console', (m) => seen.said.push(m.text()))
    page.on('pageerror', (e) => seen.said.push(String(e)))
    page.on('request', (r) => { if (!r.url().startsWith('data:') && !r.url().startsWith('blob:')) seen.requests.push(r.method() + ' ' + r.url()) })
    await jobs[job.do](page, job, seen).catch((e) => { seen.fault = String(e) })
    out.push(seen)
    await page.close()
  }
  console.log(JSON.stringify(out))
} finally {
  await browser.close()
  await rm(profile, { recursive: true, force: true })
}
