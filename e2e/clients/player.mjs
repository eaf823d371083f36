// Plays a page's videos in headless Chromium and prints what it saw as JSON.
//
//   node player.mjs URL CHROMIUM
//
// The page (player_test.go) puts the outcome of each element into
// window.outcomes and sets window.finished at the end.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const [url, executablePath] = process.argv.slice(2)
const profile = await mkdtemp(join(tmpdir(), 'magpie-player-'))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required', '--mute-audio',
  ],
})
const said = []
try {
  const page = await browser.newPage()
  page.setDefaultTimeout(120_000)
  page.on('console', (m) => said.push(m.text()))
  page.on('pageerror', (e) => said.push(String(e)))
  page.on('requestfailed', (r) => said.push(`${r.method()} ${r.url()}: ${r.failure()?.errorText}`))
  await page.goto(url)
  let timeout = null
  await page.waitForFunction(() => window.finished, null, { timeout: 120_000, polling: 100 }).catch((e) => { timeout = String(e); })
  const outcomes = await page.evaluate(() => window.outcomes)
  console.log(JSON.stringify({ outcomes, said, timeout }))
} finally {
  await browser.close()
  await rm(profile, { recursive: true, force: true })
}
