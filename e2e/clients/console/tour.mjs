// A person goes through every page of the console, in light and dark, English and
// Japanese, on a desk's screen and a phone's. Where a folder is given, pictures of
// what `keep` names are put there.

import { findings, given, run, settled, signIn } from './browser.mjs'

const looks = [
  { name: 'light', colorScheme: 'light', language: 'en', viewport: { width: 1280, height: 800 } },
  { name: 'dark', colorScheme: 'dark', language: 'en', viewport: { width: 1280, height: 800 } },
  { name: 'phone', colorScheme: 'light', language: 'en', viewport: { width: 360, height: 740 } },
  { name: 'ja', colorScheme: 'light', language: 'ja', viewport: { width: 1280, height: 800 } },
  { name: 'phone-ja', colorScheme: 'dark', language: 'ja', viewport: { width: 360, height: 740 } }
]

await run(async (page, browser) => {
  const pages = []
  const devtools = await browser.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true })
  let sent = 0 // as it is compressed, without the lines before it
  page.on('response', (r) => { if (/^\/console\//.test(new URL(r.url()).pathname)) sent += Number(r.headers()['content-length'] ?? 0) })

  const there = async (path) => {
    await page.getByRole('navigation').first().waitFor()
    await settled(page)
    if (given.ready[path]) await page.locator(given.ready[path]).first().waitFor()
    await settled(page)
    await page.evaluate(async () => { // pictures that are on the screen are shown
      await Promise.all([...document.images].filter((i) => i.getBoundingClientRect().top < innerHeight).map(async (i) => await i.decode().catch(() => {})))
    })
  }
  const first = await page.goto(given.url + '/console/')
  const door = { policy: first.headers()['content-security-policy'] }
  await signIn(page)

  for (const look of looks) {
    await page.emulateMedia({ colorScheme: look.colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize(look.viewport)
    await page.evaluate((l) => { localStorage.setItem('magpie-language', l) }, look.language)
    for (const [name, path] of Object.entries(given.pages)) {
      sent = 0
      await page.goto(given.url + path)
      await there(path)
      pages.push({
        name: `${name}, ${look.name}`,
        lang: await page.evaluate(() => document.documentElement.lang),
        title: await page.title(),
        heading: await page.locator('main h1').innerText(),
        over: await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
        sent,
        findings: await findings(page)
      })
      if (given.folder && given.keep.includes(`${name}-${look.name}`)) await page.screenshot({ path: `${given.folder}/console-${name}-${look.name}.png` })
    }
  }
  return { door, pages }
})
