// Uploads a file by Uppy and by tus-js-client in headless Chromium, from a page on
// an origin of its own, and prints what came of it as a line of JSON.
//
//   node tus-browser.mjs ENDPOINT TOKEN FILE CHROMIUM

import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

const [endpoint, token, path, executablePath] = process.argv.slice(2)
const bundle = await build({ entryPoints: ['tus-page.mjs'], bundle: true, format: 'esm', target: 'es2022', write: false, logLevel: 'error' })
const files = {
  '/': ['text/html', '<!doctype html><title>tus</title><script type="module" src="/page.js"></script>'],
  '/page.js': ['text/javascript', bundle.outputFiles[0].contents],
  '/settings': ['application/json', JSON.stringify({ endpoint, token })],
  '/file': ['image/png', await readFile(path)],
}
const server = createServer((req, res) => {
  const [type, body] = files[req.url] ?? ['text/plain', '']
  res.writeHead(200, { 'Content-Type': type }).end(body)
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))

const profile = await mkdtemp(join(tmpdir(), 'magpie-tus-'))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
try {
  const page = await browser.newPage()
  page.setDefaultTimeout(120_000)
  const said = []
  page.on('console', (m) => said.push(m.text()))
  page.on('pageerror', (e) => said.push(String(e)))
  const open = async () => {
    await page.goto(`http://127.0.0.1:${server.address().port}/`)
    await page.waitForFunction(() => window.ready, null, { polling: 50 })
  }
  await open()
  await page.evaluate(() => { window.uppy(5).catch((e) => console.log(String(e))) })
  await page.waitForFunction(() => window.requests.filter((m) => m === 'PATCH').length >= 5)
  const first = await page.evaluate(() => window.requests)
  await open() // a reload in the middle
  const uppy = await page.evaluate(() => window.uppy())
  const second = await page.evaluate(() => window.requests)
  const parallel = await page.evaluate(() => window.parallel())
  console.log(JSON.stringify({ uppy, first, second, parallel: parallel.url, state: parallel.state, said }))
} finally {
  await browser.close()
  server.close()
  await rm(profile, { recursive: true, force: true })
}
