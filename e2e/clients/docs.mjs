// A reader in headless Chromium who finds a call in the reference, pastes a token and
// uploads a picture from there. Prints as JSON what the page said, and every request
// that it sent.
//
//   node docs.mjs URL TOKEN PICTURE CHROMIUM dark|light

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const [url, token, picture, executablePath, colorScheme] = process.argv.slice(2)
const profile = await mkdtemp(join(tmpdir(), 'magpie-docs-'))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  colorScheme,
  viewport: { width: 390, height: 844 },
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
})
const said = []
const asked = []
try {
  const page = await browser.newPage()
  page.setDefaultTimeout(60_000)
  page.on('console', (m) => said.push(m.text()))
  page.on('pageerror', (e) => said.push(e.message))
  page.on('request', (r) => asked.push(r.url()))
  await page.goto(url + '/docs')

  await page.getByLabel('Find').fill('whole /2/media')
  const found = await page.locator('#found').innerText()
  await page.locator('nav li[data-find]:visible a').first().click()
  await page.getByLabel('Access token for').fill(token)
  const form = page.locator('#mediaUpload form.try')
  await form.getByLabel('Body as').selectOption('multipart/form-data')
  await form.getByRole('textbox', { name: 'Body', exact: true }).fill('{"media_category": "tweet_image"}')
  await form.getByLabel('File').setInputFiles(picture)
  await form.getByRole('button', { name: 'Send' }).click()
  await form.locator('.result pre').nth(2).waitFor()
  const result = await form.locator('.result').innerText()
  const [background, overflow, kept, markup] = await page.evaluate(() => [
    getComputedStyle(document.body).backgroundColor,
    document.documentElement.scrollWidth - document.documentElement.clientWidth,
    localStorage.length + sessionStorage.length + document.cookie.length,
    document.documentElement.outerHTML
  ])
  console.log(JSON.stringify({ found, result, background, overflow, kept, leaked: markup.includes(token), said, asked }))
} finally {
  await browser.close()
  await rm(profile, { recursive: true, force: true })
}
