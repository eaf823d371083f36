// A person in headless Chromium who is sent to a URL, signs in and allows, with
// scripts switched off. Prints as JSON what the pages said and where it ended.
//
//   node consent.mjs URL USERNAME PASSWORD CHROMIUM dark|light

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const [url, username, password, executablePath, colorScheme] = process.argv.slice(2)
const profile = await mkdtemp(join(tmpdir(), 'magpie-consent-'))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  javaScriptEnabled: false,
  colorScheme,
  viewport: { width: 360, height: 640 },
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
})
const said = []
try {
  const page = await browser.newPage()
  page.setDefaultTimeout(120_000)
  page.on('console', (m) => said.push(m.text()))
  await page.goto(url)

  // By keyboard alone: the first field gets the focus by itself.
  await page.locator('#username:focus').waitFor()
  await page.keyboard.type(username)
  await page.keyboard.press('Tab')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
  const allow = page.getByRole('button', { name: 'Allow', exact: true })
  await allow.waitFor()
  const heading = await page.getByRole('heading', { level: 1 }).innerText()
  const powers = await page.getByRole('term').allInnerTexts()
  const box = await page.locator('main').boundingBox()
  const colors = await page.locator('body').evaluate((e) => getComputedStyle(e).backgroundColor).catch(() => '')
  await allow.focus()
  await page.keyboard.press('Enter')
  await page.getByText('The app has you back').waitFor()
  console.log(JSON.stringify({ heading, powers, width: box.width, colors, end: page.url(), said }))
} finally {
  await browser.close()
  await rm(profile, { recursive: true, force: true })
}
