// Somebody who may not operate the server finds nothing; an operator looks at all
// there is, has a media that failed processed again, and revokes a token and a
// client.

import { findings, given, run, settled, signIn } from './browser.mjs'

await run(async (page, browser) => {
  const saw = { findings: {}, wide: [], titles: {}, missing: [] }
  page.on('response', (r) => { if (r.status() === 404 || r.status() >= 500) saw.missing.push(new URL(r.url()).pathname) })
  const shot = async (name) => { if (given.shots) await page.screenshot({ path: `${given.shots}/O-${name}.png`, fullPage: true }) }
  const tab = async (name, heading) => {
    await page.getByRole('navigation', { name: 'Parts of operation' }).getByRole('link', { name, exact: true }).click()
    await page.getByRole('heading', { name: heading, level: 2 }).first().waitFor()
  }
  const row = (text) => page.getByRole('row').filter({ hasText: text })
  const signOut = async () => {
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
  }

  // One who is no operator.
  await signIn(page, '/console/operator/jobs', { username: 'bob', password: given.password })
  await page.getByText('Your account is not one of theirs').waitFor()
  saw.bobsPages = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts()
  saw.bobsTabs = await page.getByRole('navigation', { name: 'Parts of operation' }).count()
  saw.bobsAnswers = await page.evaluate(async (paths) => {
    const { access_token: token } = await (await fetch('/console/session', { method: 'POST' })).json()
    return await Promise.all(paths.map(async ([method, path]) => {
      const a = await fetch(path, { method, headers: { Authorization: 'Bearer ' + token } })
      return { status: a.status, words: (await a.json()).detail }
    }))
  }, given.paths)
  saw.findings.refused = await findings(page)
  await signOut()

  // The jobs that run, and the one that was given up.
  await signIn(page, '/console/library')
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Operation' }).click()
  await row(given.running).getByRole('progressbar').waitFor()
  saw.running = await row(given.running).innerText()
  saw.findings.running = await findings(page)
  const first = await row(given.running).getByRole('progressbar').getAttribute('value')
  await page.waitForFunction((was) => document.querySelector('td progress')?.getAttribute('value') !== was, first) // by itself
  await shot('running')
  await page.getByRole('button', { name: /^Given up/ }).click()
  await row(given.failed).waitFor()
  saw.failed = await row(given.failed).innerText()
  const again = page.getByRole('button', { name: `Process again: ${given.failed}` })
  await again.focus()
  for (let i = 0; i < 2; i++) await page.waitForResponse((r) => r.url().includes('/admin/jobs'))
  saw.focusStays = await again.evaluate((e) => e === document.activeElement)
  saw.findings.failed = await findings(page)
  await shot('failed')
  await again.press('Enter')
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  saw.focusBack = await again.evaluate((e) => e === document.activeElement)
  await again.press('Enter')
  saw.findings.confirm = await findings(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Process again' }).click()
  saw.told = await page.getByRole('status').filter({ hasText: 'will be processed again' }).innerText()
  await row(given.failed).waitFor({ state: 'detached' }) // it has succeeded
  await page.getByText('Nothing was given up.').waitFor()
  await page.locator('main :focus').waitFor()
  saw.focusAfter = await page.evaluate(() => document.activeElement?.tagName)

  // What is being uploaded, who stores how much, and how the engines are.
  await tab('Uploads under way', 'Uploads under way')
  await page.getByRole('button', { name: 'Show more' }).click()
  await row(given.session).waitFor()
  saw.uploads = await page.getByRole('row').count()
  for (let i = 0; i < 2; i++) await page.waitForResponse((r) => r.url().includes('/admin/uploads')) // the first is shown by then
  saw.uploadsLater = await page.getByRole('row').count()
  saw.session = await row(given.session).innerText()
  saw.findings.uploads = await findings(page)
  await shot('uploads')
  await tab('Storage', 'Storage')
  await row('bob').waitFor()
  saw.storage = await page.getByRole('row').allInnerTexts()
  saw.findings.storage = await findings(page)
  await shot('storage')
  await tab('Engines', 'Engines')
  await page.getByRole('heading', { name: 'ffmpeg' }).waitFor()
  saw.engines = await page.locator('section').allInnerTexts()
  saw.findings.engines = await findings(page)
  await shot('engines')

  // The settings, none of which is a secret.
  await tab('Settings', 'Settings')
  await row('log-level').waitFor()
  saw.settings = await page.getByRole('table').innerText()
  saw.findings.settings = await findings(page)
  await shot('settings')
  await page.getByLabel('Only those that were set').check()
  await page.getByLabel('Find').fill('drain')
  await row('log-level').waitFor({ state: 'detached' })
  await page.getByRole('row').nth(2).waitFor({ state: 'detached' })
  saw.drain = await page.getByRole('row').filter({ hasText: 'drain' }).innerText()
  await page.getByLabel('Find').fill('no such thing')
  await page.getByText('No setting fits.').waitFor()

  // A token and a client are ended.
  await tab('Access', 'Access tokens')
  const tokens = page.getByRole('region', { name: 'Access tokens' })
  await tokens.getByRole('row').filter({ hasText: 'laptop' }).waitFor()
  await page.getByRole('region', { name: 'OAuth clients' }).getByText('Newsroom').waitFor()
  await page.getByRole('region', { name: 'Users who sign in' }).getByText('bob').waitFor()
  saw.users = await page.getByRole('region', { name: 'Users who sign in' }).getByRole('row').allInnerTexts()
  saw.console = await row('magpie console').getByRole('button').count()
  saw.findings.access = await findings(page)
  await shot('access')
  await tokens.getByLabel('User id').fill(given.bob)
  await tokens.getByRole('button', { name: 'Show' }).click()
  await row('bootstrap').waitFor({ state: 'detached' })
  await tokens.getByRole('row').filter({ hasText: 'laptop' }).waitFor() // the new list is there
  saw.bobsTokens = await tokens.getByRole('row').count()
  await page.getByRole('button', { name: 'Revoke laptop' }).click()
  await page.getByRole('dialog').getByText('in the name of bob').waitFor()
  await shot('revoke')
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await tokens.getByRole('status').filter({ hasText: 'laptop was revoked.' }).waitFor()
  await row('laptop').getByText('Revoked', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Revoke Newsroom' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('status').filter({ hasText: 'Newsroom was revoked.' }).waitFor()
  await row('Newsroom').getByText('Revoked', { exact: true }).waitFor()

  // A phone, in the dark, in Japanese.
  await page.setViewportSize({ width: 360, height: 740 })
  await page.getByLabel('Colours').selectOption('dark')
  await page.getByLabel('Language').selectOption('ja')
  for (const part of ['jobs?state=running', 'uploads', 'storage', 'engines', 'settings', 'access']) {
    await page.goto(`${given.url}/console/operator/${part}`)
    await settled(page)
    await page.locator('table, section').first().waitFor()
    const name = part.split('?')[0]
    saw.findings['phone ' + name] = await findings(page)
    saw.titles[name] = await page.getByRole('heading', { level: 2 }).first().innerText()
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) saw.wide.push(name)
    await shot('phone-' + name)
  }
  return saw
})
