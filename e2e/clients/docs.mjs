// A reader in headless Chromium who finds a call in the reference, pastes a token and
// uploads a picture from there. Prints as JSON what the page said, and every request
// that it sent.
//
//   node docs.mjs '{"url": …, "token": …, "picture": …, "chromium": …, "scheme": "dark"}'

import { findings, given, run } from './console/browser.mjs'

await run(async (page) => {
  const asked = []
  page.on('request', (r) => asked.push(r.url()))
  await page.goto(given.url + '/docs')

  await page.getByLabel('Find').fill('whole /2/media')
  const found = await page.locator('#found').innerText()
  await page.locator('nav li[data-find]:visible a').first().click()
  await page.getByLabel('Access token for').fill(given.token)
  const form = page.locator('#mediaUpload form.try')
  await form.getByLabel('Body as').selectOption('multipart/form-data')
  await form.getByRole('textbox', { name: 'Body', exact: true }).fill('{"media_category": "tweet_image"}')
  await form.getByLabel('File').setInputFiles(given.picture)
  await form.getByRole('button', { name: 'Send' }).click()
  await form.locator('.result pre').nth(2).waitFor()
  const result = await form.locator('.result').innerText()
  const [background, overflow, kept, markup] = await page.evaluate(() => [
    getComputedStyle(document.body).backgroundColor,
    document.documentElement.scrollWidth - document.documentElement.clientWidth,
    localStorage.length + sessionStorage.length + document.cookie.length,
    document.documentElement.outerHTML
  ])
  // The calls, the answers and the schemas are each of one mould, and axe would take minutes for all.
  await page.evaluate(() => {
    const kept = new Set(['#mediaUpload', '#answers article', '#schema-MetadataRequest'].map((s) => document.querySelector(s)))
    for (const article of document.querySelectorAll('article')) if (!kept.has(article)) article.remove()
    for (const details of document.querySelectorAll('details')) details.open = true
  })
  const faults = await findings(page)
  return { found, result, background, overflow, kept, leaked: markup.includes(given.token), asked, faults }
}, { colorScheme: given.scheme, viewport: { width: 390, height: 844 } })
