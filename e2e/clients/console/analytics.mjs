// A person looks at how her media were played: all together, by days and
// by hours, of one media, of a time in which nothing was, and as files.

import { readFile } from 'node:fs/promises'
import { findings, given, run, settled, signIn } from './browser.mjs'

await run(async (page) => {
  const saw = { findings: [], wide: [], csv: {} }
  const look = async (name) => {
    saw.findings.push(...(await findings(page)).map((f) => `${name}: ${f}`))
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    if (width > 0) saw.wide.push(`${name}: ${width}`)
    if (given.shots) await page.screenshot({ path: `${given.shots}/n-${name}.png`, fullPage: true })
  }
  const section = (name) => page.getByRole('region', { name })
  // Each choice asks the server anew: what was there before is not busy either.
  const choose = async (name) => {
    await Promise.all([
      page.waitForResponse((r) => r.url().includes('/magpie/v1/analytics?') && r.url().includes('granularity=hour')),
      page.getByRole('radio', { name, exact: true }).check()
    ])
    await page.waitForFunction(() => document.querySelector('[aria-busy]')?.getAttribute('aria-busy') === 'false')
  }
  const totals = async () => Object.fromEntries(await page.locator('dd[data-metric]').evaluateAll((all) => all.map((d) => [d.dataset.metric, Number(d.dataset.value)])))
  const table = async (of) => await of.getByRole('row').evaluateAll((rows) => rows.map((r) => [...r.cells].map((c) => c.innerText)))
  const saved = async (of) => {
    const [file] = await Promise.all([page.waitForEvent('download'), of.getByRole('button', { name: 'Save as CSV' }).click()])
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') }
  }
  // Until the chart is painted in a colour: it is drawn when its part of the program is there, and by the next frame.
  const painted = async (colour) => await page.waitForFunction((want) => {
    const c = document.querySelector('canvas')
    const d = c?.getContext('2d').getImageData(0, 0, c.width, c.height).data ?? []
    for (let i = 0; i < d.length; i += 4) if (d[i + 3] === 255 && `${d[i]},${d[i + 1]},${d[i + 2]}` === want) return true
    return false
  }, colour)
  // The table is made when its part is opened, which the page hears of a little later.
  const open = async (of, name) => {
    await of.getByText(name).click()
    await of.getByRole('group', { name }).getByRole('row').nth(1).waitFor()
  }

  await signIn(page, '/console/analytics')
  const time = section('Over time')
  await time.waitFor()
  await settled(page)
  saw.week = await totals()
  saw.summary = await time.getByRole('img').getAttribute('aria-label')
  await open(time, 'As a table')
  saw.days = await table(time)
  saw.retention = await table(section('How far it was watched'))
  saw.top = await table(section('Viewed most'))
  await painted(given.lightAccent)
  await page.locator('.u-over').first().hover()
  await look('days')
  saw.csv.days = await saved(time)
  saw.csv.top = await saved(section('Viewed most'))

  await choose('By hour')
  saw.hoursAt = page.url()
  saw.hours = await table(time)
  saw.csv.hours = await saved(time)
  await time.getByLabel('Measure').selectOption('Watch time')
  saw.watched = await time.getByRole('img', { name: /^Watch time/ }).getAttribute('aria-label')
  await page.getByLabel('Colours').selectOption('dark')
  await painted(given.darkAccent)
  await look('hours-dark')

  await choose('24 hours')
  saw.today = await totals()
  await choose('30 days')
  saw.month = await totals()
  saw.csv.month = await saved(time)

  // Own days, by keyboard and address; hours of a long time are not to be had.
  await page.goto(`${given.url}/console/analytics?range=own&from=${given.from}&to=${given.to}&by=hour`)
  await time.waitFor()
  await settled(page)
  saw.long = { totals: await totals(), hours: await page.getByRole('radio', { name: 'By hour' }).isDisabled() }
  await page.getByLabel('From').fill('2021-03-01')
  saw.tooLong = await page.getByRole('alert').innerText()
  await page.getByLabel('Up to and with').fill('2021-03-02')
  await page.getByText('Nothing was played in this time').waitFor()
  saw.empty = await totals()
  await look('empty-dark')

  // One media.
  await page.goto(given.url + '/console/analytics?range=30d')
  await page.locator('tr[data-media] a').first().click()
  await page.waitForURL(/analytics\/\d/)
  await page.getByRole('heading', { level: 1, name: 'Analytics of A' }).waitFor()
  await time.waitFor()
  saw.one = { at: page.url(), heading: await page.getByRole('heading', { level: 1 }).innerText(), totals: await totals() }
  saw.csv.one = await saved(time)
  await page.getByLabel('Language').selectOption('日本語')
  await page.getByLabel('配色').selectOption('light')
  await page.getByRole('heading', { level: 1, name: 'アナリティクス' }).waitFor()
  await page.setViewportSize({ width: 360, height: 740 })
  await page.goto(given.url + '/console/analytics')
  await settled(page)
  const japanese = page.getByRole('region', { name: '推移' })
  await open(japanese, '表で見る')
  saw.japanese = await japanese.getByRole('img').getAttribute('aria-label')
  await look('phone-ja')
  await page.goto(`${given.url}/console/analytics/${given.foreign}`)
  saw.foreign = await page.getByRole('alert').innerText()
  return saw
}, { timezoneId: given.zone, acceptDownloads: true })
