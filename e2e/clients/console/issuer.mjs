// A person signs in to the console at an OpenID Connect issuer, which is away at first.

import { given, run, until } from './browser.mjs'

await run(async (page, browser) => {
  const saw = {}
  await page.goto(given.url + '/console/upload')
  await page.getByRole('button', { name: 'Sign in' }).click()
  saw.away = await page.getByRole('alert').innerText()
  await fetch(given.control)
  await until(async () => { // the server leaves an issuer that is away alone for a moment
    await page.goto(given.url + '/console/upload')
    await page.getByRole('button', { name: 'Sign in' }).click()
    const there = page.getByRole('link', { name: 'Log in as jack' })
    await there.or(page.getByRole('alert')).waitFor()
    return await there.isVisible()
  })
  await page.getByRole('link', { name: 'Log in as jack' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  saw.cameTo = page.url()
  saw.signedInAs = await page.getByRole('button', { name: 'Sign out' }).getAttribute('title')
  saw.pages = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts()
  saw.cookies = await browser.cookies(given.url + '/console/callback')
  saw.readable = await page.evaluate(() => document.cookie + JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
  await page.reload()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  // The access tokens last seconds: many ask at once, until the issuer has given another.
  saw.statuses = await page.evaluate(async () => {
    const statuses = new Set()
    const tokens = new Set()
    for (const end = Date.now() + 60_000; tokens.size < 3 && Date.now() < end;) {
      const all = await Promise.all(Array.from({ length: 4 }, async () => await fetch('/console/session', { method: 'POST' })))
      for (const a of all) {
        statuses.add(a.status)
        if (a.ok) tokens.add((await a.json()).access_token)
      }
    }
    return { seen: [...statuses], tokens: tokens.size }
  })
  saw.session = await page.evaluate(async () => await (await fetch('/console/session', { method: 'POST' })).json())
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  saw.cookiesAfter = (await browser.cookies(given.url + '/console/callback')).map((c) => c.name)
  return saw
}, { ignoreHTTPSErrors: true })
