// Somebody edits a video's metadata, and a photo's stickers; somebody else, in
// another browser and not signed in, sees what comes of it. With do "clear", the
// groups are cleared again and the video gets subtitles, which are deleted again.

import { chromium } from 'playwright-core'
import { findings, given, run, settled, signIn, until } from './browser.mjs'

let page
const group = (name) => page.locator('#group-' + name)
const words = async (name) => await page.locator('#fault-' + name).textContent()
const act = (name, verb) => group(name).getByRole('button', { name: new RegExp('^' + verb + ':') })

// saved saves a group and waits until the page says so.
async function saved (name) {
  await act(name, 'Save').click()
  await group(name).getByText('Saved.').waitFor()
}

// refused saves a group that is not taken, and gives the words, and the field that they stand at.
async function refused (name) {
  await act(name, 'Save').click()
  const field = group(name).locator('[aria-invalid="true"]')
  await field.and(page.locator(':focus')).waitFor()
  const about = await field.getAttribute('aria-describedby')
  return { words: await words(name), field: await field.getAttribute('id'), tied: about.split(' ').includes('fault-' + name), focused: true }
}

// A viewer in Japan.
async function viewer () {
  const browser = await chromium.launch({ executablePath: given.chromium, headless: true, args: ['--headless', '--no-sandbox', '--disable-gpu'] })
  const see = async (country, fits) => {
    const context = await browser.newContext({ extraHTTPHeaders: { 'X-Country': country } })
    const tab = await context.newPage()
    try {
      for (const end = Date.now() + 60_000; ; await tab.waitForTimeout(100)) {
        const answer = await tab.goto(`${given.url}/magpie/v1/embed/${given.key}`)
        const text = await tab.locator('body').innerText()
        if (fits(answer.status(), text)) return `${answer.status()}`
        if (Date.now() > end) return `never: ${answer.status()} ${text}`
      }
    } finally {
      await context.close()
    }
  }
  return { see, close: async () => await browser.close() }
}

async function set () {
  const saw = { refused: {}, seen: {}, axe: [] }
  const other = await viewer()
  try {
    saw.seen.before = await other.see('FR', (status, text) => status === 200 && !text.includes('Sensitive'))

    // Alt text: counted as the server counts, and refused before it is sent.
    await page.locator('#alt-text').fill('🐈'.repeat(1001))
    saw.refused.alt_text = await refused('alt_text')
    await page.locator('#alt-text').fill('A dancing 🐈')
    saw.count = await page.locator('#alt-count').textContent()
    await saved('alt_text')

    // The warning, by keyboard alone.
    await page.locator('#alt-text').focus()
    await page.locator('#alt-text:focus').waitFor()
    const reach = async (name) => {
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press('Tab')
        if (await page.evaluate(() => document.activeElement.closest('label')?.textContent.trim() ?? document.activeElement.getAttribute('aria-label')) === name) return
      }
      throw new Error('the keyboard does not reach ' + name)
    }
    await reach('Graphic violence')
    await page.keyboard.press('Space')
    await reach('Save: Content warning')
    await page.keyboard.press('Enter')
    await group('sensitive_media_warning').getByText('Saved.').waitFor()
    saw.seen.warning = await other.see('FR', (status, text) => text.includes('Sensitive video') && text.includes('graphic violence'))

    // The poster: no image at first, then a frame of the second half.
    await page.locator('#preview-media').fill('999')
    saw.refused.preview_image = await refused('preview_image')
    await act('preview_image', 'Undo').click()
    await group('preview_image').getByRole('slider', { name: 'Position' }).fill('3')
    await page.getByRole('button', { name: 'A frame on' }).click()
    await page.getByRole('button', { name: 'Use this frame' }).click()
    await group('preview_image').getByText('The frame is the poster now.').waitFor()
    await group('preview_image').locator('img').waitFor()
    saw.poster = await page.locator('#preview-media').inputValue()

    // Countries: by search, by region, off again.
    const country = page.getByLabel('Find a country')
    for (const [sought, label] of [['jap', 'Show only in these: Japan'], ['cote d', 'Withhold from: Côte d’Ivoire'], ['DE', 'Show only in these: Germany'], ['kyoto', '']]) {
      await country.fill(sought)
      if (label === '') saw.none = await page.locator('#country-hint').textContent()
      else await page.getByRole('button', { name: label, exact: true }).click()
    }
    await country.fill('')
    await page.locator('summary', { hasText: 'Antarctica' }).click()
    await page.getByRole('button', { name: 'Withhold from: All of Antarctica' }).click()
    await page.getByRole('button', { name: 'Take Germany off the list' }).click()
    await saved('geo_restrictions')
    saw.seen.elsewhere = await other.see('FR', (status) => status === 451)
    saw.seen.there = await other.see('JP', (status) => status === 200)

    await group('allow_download_status').getByLabel('Not allowed').check()
    await saved('allow_download_status')
    saw.seen.download = await other.see('JP', (status, text) => status === 200 && !text.includes('Download'))

    await page.getByLabel('Time zone').selectOption('Asia/Tokyo')
    await page.getByLabel('Date and time').fill('2020-01-01T00:00')
    saw.past = await page.locator('#expiry-words').textContent()
    await saved('content_expiration')
    saw.seen.expired = await other.see('JP', (status) => status === 410)
    // Clocks in New York skip that hour.
    await page.getByLabel('Time zone').selectOption('America/New_York')
    await page.getByLabel('Date and time').fill('2030-03-10T02:30:15')
    await saved('content_expiration')
    saw.seen.again = await other.see('JP', (status) => status === 200)

    await page.getByLabel('Subscribers of the creator').check()
    await saved('audience_policy')
    saw.seen.audience = await other.see('JP', (status) => status === 403)

    await page.locator('#domain-hosts').fill('example.com\nhttps://example.org/page')
    saw.refused.domain_restrictions = await refused('domain_restrictions')
    saw.axe.push(...await findings(page))
    await page.locator('#domain-hosts').fill(' Example.COM \n\nmünchen.example')
    await saved('domain_restrictions')

    // Two groups in one call, after one of them was refused.
    await page.locator('#origin-provider').fill('providers')
    await page.locator('#origin-id').fill('u5BzatR15TZ04')
    await page.locator('#upload-source').fill('camera roll')
    await page.getByRole('button', { name: 'Save all' }).click()
    await group('found_media_origin').locator('[aria-invalid="true"]').waitFor()
    saw.refused.found_media_origin = { words: await words('found_media_origin') }
    await page.locator('#origin-provider').fill('giphy')
    const sent = []
    page.on('request', (r) => { if (r.url().endsWith('/2/media/metadata')) sent.push(Object.keys(r.postDataJSON().metadata)) })
    await page.getByRole('button', { name: 'Save all' }).click()
    await group('upload_source').getByText('Saved.').waitFor()
    saw.sent = [...sent]

    // Leaving asks, by a link, by going back, and by a reload.
    const asked = []
    page.on('dialog', async (d) => {
      asked.push(d.type())
      await (d.type() === 'beforeunload' ? d.accept() : d.dismiss())
    })
    await page.locator('#alt-text').fill('not saved')
    await page.getByRole('link', { name: 'Library', exact: true }).click()
    await page.goBack()
    await until(() => asked.length === 2)
    await page.waitForURL('**/console/media/*')
    saw.stayed = await page.locator('#alt-text').inputValue()
    await page.reload()
    await page.locator('#alt-text').waitFor()
    saw.asked = asked
    saw.kept = await page.locator('#alt-text').inputValue()

    await group('shared_info').getByLabel('Shared with all users').check()
    await saved('shared_info')
    await group('management_info').getByLabel('Managed by one app').check()
    await saved('management_info')
    saw.axe.push(...await findings(page))

    // Stickers on the photo.
    await go(`/console/media/${given.photo}`)
    await page.getByRole('button', { name: 'Add a sticker' }).click()
    await page.locator('#sticker-0-id:focus').waitFor()
    await page.keyboard.type('smile')
    await page.getByRole('button', { name: 'Add a sticker' }).click()
    const second = page.getByRole('group', { name: 'Sticker 2' })
    await second.getByRole('button', { name: 'Choose from the library' }).click()
    await second.getByRole('button', { name: 'A red square' }).click()
    await second.getByLabel('From the left (tx)').fill('100.50')
    await second.getByText('More numbers').click()
    await second.getByLabel('Annotation of the group').fill('9223372036854775808')
    saw.refused.sticker_info = await refused('sticker_info')
    await second.getByLabel('Annotation of the group').fill('9223372036854775807')
    await page.getByRole('button', { name: 'Move sticker 2 up the list' }).click()
    await saved('sticker_info')
    const laid = page.getByRole('img', { name: 'The photo with its stickers' }).locator('image')
    await laid.nth(1).waitFor() // when the sticker's picture is known
    saw.laid = await laid.count()
    await page.reload()
    saw.long = await page.getByRole('group', { name: 'Sticker 1' }).getByLabel('Annotation of the group').inputValue()
    saw.axe.push(...await findings(page))
  } finally {
    await other.close()
  }
  return saw
}

async function clear () {
  const saw = { states: {}, after: {}, axe: [] }
  for (const name of given.groups) {
    if (name === 'sticker_info') await go(`/console/media/${given.photo}`)
    saw.states[name] = await group(name).locator('.state').textContent()
    await act(name, 'Clear').click()
    await group(name).getByText('Cleared.').waitFor()
    saw.after[name] = await group(name).locator('.state').textContent()
  }
  await go(`/console/media/${given.video}`)
  const box = page.getByRole('region', { name: 'Subtitles' })
  const attach = async (file, mimeType, text, fill = async () => {}) => {
    await box.getByLabel('File', { exact: true }).setInputFiles({ name: file, mimeType, buffer: Buffer.from(text) })
    await fill()
    await box.getByRole('button', { name: 'Attach', exact: true }).click()
  }
  // A file that is at fault is refused in the server's words.
  await attach('film.en.srt', 'application/x-subrip', '1\n00:00:02,000 --> 00:00:01,000\nBackwards\n')
  await box.getByRole('alert').filter({ hasText: 'begins' }).waitFor()
  saw.refused = await box.locator('#subtitles-fault').textContent()
  // The language and its name come of the file's name.
  await attach('film.en.srt', 'application/x-subrip', given.english)
  await box.getByText('Attached: English.').waitFor()
  await attach('brasil.vtt', 'text/vtt', given.portuguese, async () => {
    await box.getByLabel('Language', { exact: true }).selectOption('other')
    await box.getByLabel('Language tag').fill('not a tag')
    await box.getByRole('button', { name: 'Attach', exact: true }).click()
    saw.tag = await box.locator('#subtitles-fault').textContent()
    await box.getByLabel('Language tag').fill('pt-br')
    await box.getByLabel('Name in the menu of players').fill('Brasil')
  })
  await box.getByText('Attached: Brasil.').waitFor()
  saw.list = await box.locator('.list strong').allTextContents()

  // What they say, and on the video.
  await box.getByRole('button', { name: 'Preview: English' }).click()
  const lines = box.getByRole('region', { name: 'Lines of English' })
  await lines.waitFor()
  saw.lines = await lines.locator('.text').allTextContents()
  await lines.getByRole('button', { name: 'Go to 0:02' }).click()
  saw.cue = await until(async () => await box.locator('video').evaluate((v) => [...v.textTracks[0]?.activeCues ?? []].find((c) => c.startTime === 2)?.text))
  saw.axe.push(...await findings(page))

  page.once('dialog', async (d) => {
    saw.sure = d.message()
    await d.accept()
  })
  await box.getByRole('button', { name: 'Delete: English' }).click()
  await box.getByText('Deleted: English.').waitFor()
  saw.left = await box.locator('.list strong').allTextContents()
  return saw
}

async function go (path) {
  await page.goto(given.url + path)
  await page.locator('#alt-text').waitFor()
  await settled(page)
}

await run(async (p) => {
  page = p
  await signIn(page)
  // By a link, so that there is a page of the console to go back to.
  await page.evaluate((to) => {
    const a = document.createElement('a')
    a.href = to
    document.body.append(a)
    a.click()
    a.remove()
  }, `/console/media/${given.video}`)
  await page.locator('#alt-text').waitFor()
  return await ({ set, clear })[given.do]()
}, { timezoneId: 'Europe/Berlin' })
