// A person signs in to the console, comes back to it in other ways, and signs out.

import { findings, given, run, settled, signIn } from './browser.mjs'

await run(async (page, browser) => {
  const saw = { shots: [] }
  const shot = async (name) => { if (given.shots) await page.screenshot({ path: `${given.shots}/S-${name}.png`, fullPage: true }) }
  const answers = []
  page.on('response', (r) => answers.push({ method: r.request().method(), path: new URL(r.url()).pathname, status: r.status() }))

  // A wrong password first, on the page that asks for it.
  await page.goto(given.url + '/console/library?q=a')
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  saw.doorFindings = await findings(page)
  await shot('door')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#username').fill(given.username)
  await page.locator('#password').fill('not the password')
  await page.locator('#password').press('Enter')
  saw.wrong = await page.getByRole('alert').innerText()
  saw.heading = await page.getByRole('heading').first().innerText()
  await shot('password')
  await page.locator('#password').fill(given.password)
  await page.locator('#password').press('Enter')
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  saw.cameTo = page.url()
  saw.signedInAs = await page.getByRole('button', { name: 'Sign out' }).getAttribute('title')
  saw.cookies = await browser.cookies(given.url + '/console/callback')
  saw.readable = await page.evaluate(() => document.cookie)
  saw.kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))

  // Reloaded, and in many tabs at once.
  await page.reload()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  const tabs = await Promise.all(Array.from({ length: 4 }, async () => await browser.newPage()))
  await Promise.all(tabs.map(async (t) => {
    await t.goto(given.url + '/console/upload')
    await t.getByRole('navigation', { name: 'Pages' }).waitFor()
  }))
  saw.session = await page.evaluate(async () => {
    const all = await Promise.all(Array.from({ length: 6 }, async () => await fetch('/console/session', { method: 'POST' })))
    return await Promise.all(all.map(async (a) => ({ status: a.status, ...(await a.json()) })))
  })
  // An answer that never arrives.
  saw.lost = await page.evaluate(async () => {
    const cut = new AbortController()
    const gone = fetch('/console/session', { method: 'POST', signal: cut.signal }).catch((e) => e.name)
    cut.abort()
    await gone
    return (await fetch('/console/session', { method: 'POST' })).status
  })

  // Another site's page asks.
  const foreign = await browser.newPage()
  await foreign.goto(given.foreign)
  saw.foreign = await foreign.evaluate(async (url) => {
    const tried = []
    for (const method of ['POST', 'DELETE']) {
      tried.push(await fetch(url, { method, credentials: 'include', mode: method === 'POST' ? 'no-cors' : 'cors' }).then((a) => a.type, (e) => e.name))
    }
    return tried
  }, given.url + '/console/session')
  saw.stillThere = await page.evaluate(async () => (await fetch('/console/session', { method: 'POST' })).status)

  // Signed out in one tab is signed out in all.
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  saw.after = await tabs[0].evaluate(async () => (await fetch('/console/session', { method: 'POST' })).status)
  saw.cookiesAfter = (await browser.cookies(given.url + '/console/callback')).map((c) => c.name)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#password').waitFor()
  saw.asksAgain = page.url()
  await signIn(page)

  // What somebody has typed outlives a sign-out in another tab, and does not end by one in this tab unasked.
  const typing = tabs[1]
  await typing.goto(given.url + '/console/media/' + given.media)
  await settled(typing)
  await typing.locator('#alt-text').fill('A long description')
  const save = typing.locator('form').filter({ has: typing.locator('#alt-text') }).getByRole('button', { name: /^Save/ })
  typing.once('dialog', async (d) => {
    saw.asked = d.message()
    await d.dismiss()
  })
  await typing.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  await save.click()
  await typing.getByText('What you have not saved is still here').waitFor()
  saw.typed = await typing.locator('#alt-text').inputValue()
  saw.overFindings = await findings(typing)
  await shot('over')
  const [again] = await Promise.all([browser.waitForEvent('page'), typing.getByRole('link', { name: 'Sign in' }).click()])
  await again.locator('#username').fill(given.username)
  await again.locator('#password').fill(given.password)
  await again.locator('#password').press('Enter')
  await again.getByRole('navigation', { name: 'Pages' }).waitFor()
  await typing.bringToFront()
  await save.click()
  await typing.getByText('What you have not saved is still here').waitFor({ state: 'detached' })
  await typing.waitForFunction(() => document.querySelector('#alt-text').closest('form').querySelector('button.primary').disabled)

  // A server that once gives no answer leaves nobody on a page without a way on.
  await typing.route('**/magpie/v1/media/' + given.media, async (route) => { await route.abort() }, { times: 1 })
  await typing.reload()
  await typing.locator('#alt-text').waitFor()
  await typing.route('**/magpie/v1/analytics?*', async (route) => { await route.abort() }, { times: 1 })
  await typing.goto(given.url + '/console/analytics')
  await typing.getByText('The server gives no answer.').waitFor()
  await typing.getByRole('button', { name: 'Count again' }).click()
  await typing.locator('dd[data-metric]').first().waitFor()
  await page.goto(given.url + '/console/library')
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()

  // Somebody else signs in in another tab, and the token of this one ends: its page begins anew before it asks for anything as them.
  await page.evaluate(() => { globalThis.old = true })
  await page.route('**/console/session', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, json: { ...(await response.json()), user: '1', username: 'bob' } })
  })
  await page.route('**/magpie/v1/limits', async (route) => { await route.fulfill({ status: 401, json: {} }) }, { times: 1 })
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Upload' }).click()
  await page.getByTitle('Signed in as bob').waitFor()
  saw.anew = await page.evaluate(() => globalThis.old === undefined)
  await page.unroute('**/console/session')

  // Signing out that does not reach the server is not taken for done.
  await page.route('**/console/session', async (route) => { await route.abort() }, { times: 1 })
  await page.getByRole('button', { name: 'Sign out' }).click()
  saw.notOut = await page.getByRole('alert').innerText()

  // What went wrong is told in words.
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  await page.goto(given.url + '/console/callback?state=x&code=y')
  saw.late = await page.getByRole('alert').innerText()
  await shot('late')
  saw.answers = answers.filter((a) => a.path.startsWith('/console/') && a.status >= 500)
  return saw
})
