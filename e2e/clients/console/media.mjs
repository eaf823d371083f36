// A person looks at one media after the other: a video, one that is restricted,
// an image, a GIF, one that failed, and one that is still on its way.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { findings, given, run, settled, signIn, until } from './browser.mjs'

await run(async (page, browser) => {
  const saw = { findings: {}, links: {}, history: {} }
  await browser.grantPermissions(['clipboard-read', 'clipboard-write'])
  const open = async (id) => {
    await page.goto(given.url + '/console/media/' + id)
    await page.locator('[data-event]').first().waitFor()
    await settled(page)
  }
  const video = page.locator('main video').first()
  const playing = async () => {
    const from = await video.evaluate((v) => v.currentTime)
    await page.waitForFunction((from) => document.querySelector('main video').currentTime > from + 0.5, from)
    return await video.evaluate((v) => ({ at: v.currentTime, width: v.videoWidth, source: v.currentSrc.split(':')[0] }))
  }
  // Every rendition's name and where its link goes to.
  const links = async (name) => {
    saw.links[name] = await page.locator('tr[data-name]').evaluateAll((rows) => rows.map((r) => ({ name: r.dataset.name, url: r.querySelector('a').href, text: r.innerText })))
  }
  const history = async (name) => {
    saw.history[name] = await page.locator('[data-event]').evaluateAll((list) => list.map((e) => e.dataset.event + ': ' + e.innerText.replace(/\s+/g, ' ')))
  }
  const shot = async (name) => { if (given.shots) await page.screenshot({ path: `${given.shots}/media-${name}.png`, fullPage: true }) }

  // A video: the player fetches nothing before it is wanted. (The picker of a poster has its own look at the MP4.)
  const fetched = []
  page.on('request', (r) => { fetched.push(new URL(r.url()).pathname.split('/').pop()) })
  await signIn(page, '/console/media/' + given.film)
  await page.locator('[data-event]').first().waitFor()
  await settled(page)
  saw.title = await page.getByRole('heading', { level: 1 }).innerText()
  saw.before = fetched.filter((f) => /\.(m3u8|vtt)$|^hls/.test(f))
  const play = page.getByRole('button', { name: 'Play', exact: true })
  await play.click()
  saw.playing = await playing()

  // Captions are on the screen: the same picture is another one with them.
  await video.evaluate((v) => { v.pause(); v.controls = false })
  await page.getByLabel('Captions').selectOption('')
  // A frame that is decoded is not on the screen yet, and neither is a caption.
  let bare = await video.screenshot()
  await until(async () => {
    const before = bare
    bare = await video.screenshot()
    return bare.equals(before)
  })
  await page.getByLabel('Captions').selectOption({ label: 'Português' })
  await page.waitForFunction(() => [...document.querySelector('main video').textTracks].some((t) => t.mode === 'showing' && t.activeCues?.length > 0))
  saw.cue = await video.evaluate((v) => [...v.textTracks].filter((t) => t.mode === 'showing').map((t) => t.language + ': ' + t.activeCues[0].text).join())
  saw.captioned = await until(async () => !bare.equals(await video.screenshot()))
  await video.evaluate((v) => { v.controls = true })

  // The still of where one points, and going there.
  const bar = page.getByRole('region', { name: 'Preview' }).getByRole('slider', { name: 'Position' })
  const box = await bar.boundingBox()
  await bar.hover({ position: { x: box.width * 0.76, y: box.height / 2 } })
  const still = page.locator('.still')
  await still.waitFor()
  saw.still = await still.locator('.picture').evaluate(async (e) => {
    const i = new Image()
    i.src = /url\("(.*)"\)/.exec(getComputedStyle(e).backgroundImage)[1]
    await i.decode()
    const c = document.createElement('canvas')
    const r = e.getBoundingClientRect()
    const [x, y] = getComputedStyle(e).backgroundPosition.split(' ').map(parseFloat)
    c.width = c.height = 1
    c.getContext('2d').drawImage(i, -x + r.width * 0.05, -y + r.height / 2, 1, 1, 0, 0, 1, 1)
    return { colour: [...c.getContext('2d').getImageData(0, 0, 1, 1).data], x, width: r.width, height: r.height }
  })
  saw.pointed = await still.innerText()
  await bar.focus()
  await page.keyboard.press('End')
  for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowLeft')
  saw.sought = await video.evaluate((v) => v.currentTime)
  saw.spoken = await bar.getAttribute('aria-valuetext')

  await links('film')
  await Promise.all([ // it says so for a moment only
    page.waitForFunction(() => [...document.querySelectorAll('main [role=status]')].some((e) => e.textContent === 'Copied')),
    page.getByRole('button', { name: 'Copy link: master.m3u8' }).click()
  ])
  saw.copied = await page.evaluate(async () => await navigator.clipboard.readText())
  saw.embed = await page.getByLabel('Embed code').inputValue()
  await history('film')
  saw.audit = await page.locator('[data-group]').evaluateAll((list) => list.map((e) => e.dataset.group + ': ' + e.innerText.replace(/\s+/g, ' ')))
  saw.findings.film = await findings(page)
  await shot('film')

  // The upload itself.
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download the original' }).click()])
  saw.original = createHash('sha256').update(await readFile(await download.path())).digest('hex')

  // One that only subscribers may see, its owner sees all the same.
  await open(given.restricted)
  await play.click()
  saw.restricted = await playing()
  await links('restricted')
  saw.ticketWords = await page.getByText('This media is restricted').count()
  saw.ticketEmbed = await page.getByLabel('Embed code').inputValue()

  // An image, closer and closer.
  await open(given.image)
  const picture = page.getByRole('group', { name: /^Image\./ })
  const zoom = async () => parseInt(await page.locator('output').innerText())
  const grown = async (from) => { await page.waitForFunction((f) => parseInt(document.querySelector('output').textContent) > f, from); return await zoom() }
  await picture.locator('img').waitFor()
  saw.zoom = [await zoom()]
  await page.getByRole('button', { name: 'Zoom in' }).click()
  saw.zoom.push(await grown(saw.zoom.at(-1)))
  await picture.focus()
  await page.keyboard.press('+')
  saw.zoom.push(await grown(saw.zoom.at(-1)))
  const frame = await picture.boundingBox()
  await page.mouse.move(frame.x + frame.width / 2, frame.y + frame.height / 2)
  await page.mouse.wheel(0, -120)
  saw.zoom.push(await grown(saw.zoom.at(-1)))
  const tools = await browser.newCDPSession(page)
  const [x, y] = [frame.x + frame.width / 2, frame.y + frame.height / 2]
  const touch = async (type, ...apart) => {
    await tools.send('Input.dispatchTouchEvent', { type, touchPoints: apart.flatMap((d) => [{ x: x - d, y, id: 1 }, { x: x + d, y, id: 2 }]) })
  }
  await touch('touchStart', 40)
  await touch('touchMove', 50)
  await touch('touchMove', 60)
  await touch('touchEnd')
  saw.zoom.push(await grown(saw.zoom.at(-1)))
  saw.sharp = await picture.locator('img').evaluate(async (i) => { await i.decode(); return i.naturalWidth })
  saw.scrollable = await picture.evaluate((e) => e.scrollWidth > e.clientWidth && e.scrollLeft > 0)
  await page.keyboard.press('0')
  await page.getByRole('button', { name: 'Whole image' }).and(page.locator(':disabled')).waitFor()
  saw.zoom.push(await zoom())
  await links('image')
  saw.findings.image = await findings(page)
  await shot('image')

  // Deleted and brought back, here and as somebody else would: the page hears of it.
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  saw.findings.asked = await findings(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  saw.focusBack = await page.locator('main :focus').textContent()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('It can be restored until').waitFor()
  saw.deletedShows = await page.locator('main img').count()
  await page.getByRole('button', { name: 'Restore' }).click()
  await picture.locator('img').waitFor()
  await page.locator('[data-event="restored"]').waitFor()
  await history('image')
  await fetch(`${given.url}/magpie/v1/media/${given.image}`, { method: 'DELETE', headers: { Authorization: 'Bearer ' + given.token } })
  await page.getByText('It can be restored until').waitFor()

  await open(given.gif)
  await page.waitForFunction(() => document.querySelector('main video')?.currentTime > 0) // it is over and over in half a second
  saw.gif = await video.evaluate((v) => ({ width: v.videoWidth }))
  saw.findings.gif = await findings(page)

  await open(given.broken)
  saw.reason = await page.locator('[data-reason]').innerText()
  saw.state = await page.locator('[data-state]').innerText()
  await history('broken')
  saw.findings.broken = await findings(page)
  await shot('broken')

  await page.goto(given.url + '/console/media/' + given.subtitles)
  saw.text = await page.locator('pre').first().innerText()

  // One that is on its way gets there while it is looked at.
  const gif = Buffer.from(given.gifBytes, 'base64')
  const api = async (path, body, more = {}) => {
    const a = await fetch(given.url + path, { method: 'POST', headers: { Authorization: 'Bearer ' + given.token, 'Content-Type': 'application/json', ...more }, body: JSON.stringify(body) })
    return (await a.json()).data
  }
  const state = page.locator('[data-state]')
  for (let seconds = 2; ['', 'Ready'].includes(saw.onItsWay ?? '') && seconds < 64; seconds *= 2) { // one that was there before the page was takes longer the next time
    const { id } = await api('/2/media/upload/initialize', { media_type: 'image/gif', media_category: 'tweet_gif', total_bytes: gif.length }, { 'X-Magpie-Fault': `processing-time=${seconds}s` })
    await api(`/2/media/upload/${id}/append`, { segment_index: 0, media: given.gifBytes })
    await api(`/2/media/upload/${id}/finalize`)
    await page.goto(given.url + '/console/media/' + id)
    saw.onItsWay = await state.innerText()
  }
  await page.locator('[data-state="succeeded"]').waitFor()
  await video.waitFor()

  await page.goto(given.url + '/console/media/12345')
  saw.unknown = await page.getByRole('alert').innerText()
  await page.setViewportSize({ width: 360, height: 740 })
  await open(given.film)
  saw.sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  saw.findings.phone = await findings(page)
  await shot('phone')
  return saw
})
