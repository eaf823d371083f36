// What the scripts beside this share: a person in headless Chromium, who signs in
// to the console. Each is run by a test of its own as
//
//   node console/<name>.mjs '{"url": …, "username": …, "password": …, "chromium": …, …}'
//
// and prints as JSON what it saw.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

export const given = JSON.parse(process.argv[2])

const patience = 120_000 // milliseconds: on a machine with much to do all comes late, and what never comes fails

// run opens a browser, has the script do its part with a page, and prints what
// that gives, beside what the browser complained of. The page is of the size of a desk's, or as options say.
export async function run (part, options = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'magpie-console-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: given.chromium,
    headless: true,
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'
    ],
    ...options
  })
  const complaints = []
  browser.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') complaints.push(m.text()) })
  browser.on('weberror', (e) => complaints.push(String(e.error())))
  try {
    browser.setDefaultTimeout(patience)
    const page = await browser.newPage()
    const saw = await part(page, browser)
    console.log(JSON.stringify({ ...saw, complaints }))
  } finally {
    await browser.close()
    await rm(profile, { recursive: true, force: true })
  }
}

// signIn goes to a path of the console as somebody who has to sign in first.
export async function signIn (page, path = '/console/library', who = given) {
  await page.goto(given.url + path)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#username').fill(who.username)
  await page.locator('#password').fill(who.password)
  await page.locator('#password').press('Enter')
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
}

// until asks again and again, until the answer is neither false nor nothing, and gives that.
export async function until (ask) {
  for (const end = Date.now() + patience; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`never so: ${ask}`)
  }
}

// settled waits until a page of the console has what it asked the server for when it was opened.
export async function settled (page) {
  await page.locator('main h1').waitFor()
  await page.waitForFunction(() => document.querySelector('[aria-busy=true]') === null)
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// findings are axe's serious and critical ones on the page as it is. axe is put in
// by the browser's own tools, which the page's policy does not bind.
export async function findings (page) {
  await page.evaluate(axe)
  const result = await page.evaluate(async () => await globalThis.axe.run(document, { resultTypes: ['violations'] }))
  return result.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)
}
