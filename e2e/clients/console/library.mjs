// A person looks through a library: its pictures, filters and search, what
// changes while it is open, deleting and bringing back, and all of it to the end.

import { findings, given, run, settled, signIn, until } from './browser.mjs'

await run(async (page) => {
  const saw = { findings: {}, addresses: {}, lists: {} }
  let requests = 0
  page.on('request', (r) => { if (/\/magpie\/v1\/media\?limit=100/.test(r.url())) requests++ })
  const cards = page.getByRole('listitem')
  const card = (id) => page.locator(`[data-id="${id}"]`)
  const status = (text) => page.getByRole('status').filter({ hasText: text }).first().waitFor()
  const ids = async () => await cards.evaluateAll((list) => list.map((e) => e.dataset.id))
  // What is listed once it is all there, and the address then.
  const listed = async (name, text = 'That is all') => {
    await status(text)
    saw.lists[name] = await ids()
    saw.addresses[name] = new URL(page.url()).search
  }

  await signIn(page)
  await card(given.red).waitFor()
  saw.quota = await page.getByRole('meter', { name: 'Storage used' }).getAttribute('aria-valuetext')
  saw.first = await ids()
  saw.text = await card(given.red).innerText()
  saw.failed = await card(given.broken).innerText()
  // The placeholder is drawn, of the picture's colours.
  saw.placeholder = await card(given.red).locator('canvas').evaluate((c) => [...c.getContext('2d').getImageData(c.width >> 1, c.height >> 1, 1, 1).data])
  saw.picture = await card(given.red).locator('img').evaluate(async (i) => { await i.decode(); return i.naturalWidth })
  saw.findings.all = await findings(page)
  if (given.shots) await page.screenshot({ path: given.shots + '/library.png' })

  // Search and filters are in the address.
  await page.getByLabel('Search').fill('magpie on a f')
  await page.waitForURL('**q=*')
  await listed('search')
  await page.getByLabel('Search').fill('')
  await page.waitForURL((u) => u.search === '')
  await page.getByLabel('State').selectOption('failed')
  await listed('failed')
  await page.getByLabel('Category').selectOption('tweet_image')
  await page.getByText('No media is like this').waitFor()
  saw.findings.none = await findings(page)
  await page.getByRole('button', { name: 'Show all media' }).click()
  await card(given.red).waitFor()
  await page.goto(given.url + '/console/library?media_type=video%2Fmp4')
  await listed('type')
  saw.kept = await page.getByLabel('Type').inputValue()

  // What is uploaded elsewhere comes by itself, and goes on by itself.
  await page.getByLabel('Type').selectOption('')
  await card(given.red).waitFor()
  const api = async (path, body, more = {}) => {
    const a = await fetch(given.url + path, { method: 'POST', headers: { Authorization: 'Bearer ' + given.token, 'Content-Type': 'application/json', ...more }, body: JSON.stringify(body) })
    return (await a.json()).data
  }
  const gif = Buffer.from(given.gif, 'base64')
  const upload = async (time) => {
    const { id } = await api('/2/media/upload/initialize', { media_type: 'image/gif', media_category: 'tweet_gif', total_bytes: gif.length }, { 'X-Magpie-Fault': 'processing-time=' + time })
    await api(`/2/media/upload/${id}/append`, { segment_index: 0, media: given.gif })
    await api(`/2/media/upload/${id}/finalize`)
    return id
  }
  // It goes on by the next word of it; long enough to be seen.
  const id = await upload('8s')
  saw.came = id
  const moving = await page.waitForFunction((id) => document.querySelector(`[data-id="${id}"] [data-state="in_progress"]`)?.innerText, id)
  saw.moving = await moving.jsonValue()
  await card(id).locator('img').waitFor()
  await card(id).locator('[data-state]').waitFor({ state: 'detached' })

  // Two are deleted, and one is brought back from among the deleted.
  const check = async (which) => await card(which).getByRole('checkbox').check()
  await check(given.red)
  await check(given.blue)
  saw.findings.chosen = await findings(page)
  saw.chosen = await page.getByRole('group', { name: '2 selected' }).innerText()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('dialog').waitFor()
  saw.findings.asked = await findings(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await status('2 deleted.')
  await card(given.red).waitFor({ state: 'detached' })
  await card(given.blue).waitFor({ state: 'detached' })
  await page.getByLabel('Show').selectOption('true')
  await listed('deleted')
  await check(given.red)
  await page.getByRole('button', { name: 'Restore' }).click()
  await status('1 restored.')
  await card(given.red).waitFor({ state: 'detached' })
  await page.getByLabel('Show').selectOption('')
  await card(given.red).waitFor()
  // One that is in use is not deleted before it is said twice.
  await check(given.poster)
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('1 are used by other media').waitFor()
  saw.inUse = await card(given.poster).count()
  await page.getByRole('button', { name: 'Clear selection' }).click()

  // To the end: what is in the page stays little, however much was gone through.
  await page.reload()
  await card(given.red).waitFor()
  await settled(page)
  requests = 1
  saw.most = saw.elements = 0
  const end = page.getByRole('status').filter({ hasText: 'That is all' })
  for (;;) {
    const now = await page.evaluate(async () => {
      scrollTo(0, document.documentElement.scrollHeight)
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
      return [document.querySelectorAll('[role=listitem]').length, document.querySelectorAll('*').length]
    })
    saw.most = Math.max(saw.most, now[0])
    saw.elements = Math.max(saw.elements, now[1])
    if (await end.count() > 0) break
  }
  saw.requests = requests
  saw.end = await end.innerText()
  await page.evaluate(() => { scrollTo(0, document.documentElement.scrollHeight) })
  await page.locator(`[aria-posinset="${given.count}"]`).waitFor()
  saw.lastSize = await page.locator(`[aria-posinset="${given.count}"]`).getAttribute('aria-setsize')

  // By keyboard from one end to the other.
  await page.evaluate(() => { scrollTo(0, 0) })
  const link = page.locator('[aria-posinset="1"] a')
  await link.focus()
  const focused = async () => await page.evaluate(() => document.activeElement.closest('[role=listitem]')?.getAttribute('aria-posinset') ?? document.activeElement.tagName)
  let at = await until(async () => await focused() === '1' && '1')
  saw.walk = []
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowUp', 'End', 'ArrowLeft', 'Home']) {
    await page.keyboard.press(key)
    const from = at
    at = await until(async () => await focused() !== from && await focused())
    saw.walk.push(at)
  }
  // Whoever is scrolled away from keeps the focus.
  await page.evaluate(() => { scrollTo(0, 20_000) })
  await page.locator('[aria-posinset="2"]').waitFor({ state: 'detached' })
  saw.walk.push(await focused())

  // Into one and back: one is where one was.
  const far = page.locator(`[aria-posinset="${given.far}"] a`)
  await page.evaluate(() => { scrollTo(0, 0) })
  const [one, below] = await Promise.all([1, 6].map(async (n) => await page.locator(`[aria-posinset="${n}"]`).boundingBox()))
  await page.evaluate((y) => { scrollTo(0, y) }, one.y + Math.floor((given.far - 1) / 5) * (below.y - one.y))
  await far.waitFor()
  saw.scrolled = await page.evaluate(() => scrollY)
  await far.click()
  await page.waitForURL('**/console/media/*')
  await page.locator('[data-event]').first().waitFor()
  saw.into = new URL(page.url()).pathname
  await page.goBack()
  await far.waitFor()
  await page.getByRole('meter', { name: 'Storage used' }).waitFor()
  saw.back = await page.evaluate(() => scrollY)

  // What comes while one is further down moves nothing, until it is asked for.
  const later = await upload('1s')
  const fresh = page.getByRole('button', { name: 'Show 1 new' })
  await fresh.waitFor()
  saw.still = await page.evaluate(() => scrollY)
  await fresh.click()
  await card(later).waitFor()
  saw.top = await card(later).getAttribute('aria-posinset') === '1'

  await page.setViewportSize({ width: 360, height: 740 })
  await page.goto(given.url + '/console/library')
  await card(given.red).waitFor()
  await settled(page)
  saw.sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  saw.findings.phone = await findings(page)
  return saw
})
