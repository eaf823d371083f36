// A person uploads: many files by the button and by a drop, with reloads, a server
// that is killed, pauses, a cancel, and another file in the place of the first.
//
// Requests are held back by the browser itself after so many segments of an
// upload, so that each interruption is surely in the middle.

import { appendFile, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { findings, given, run, signIn, until } from './browser.mjs'

const { files, control } = given

await run(async (page, browser) => {
  const saw = { asked: 0, findings: {}, said: {}, ids: {}, arrived: {}, sent: {} }
  page.on('dialog', async (d) => {
    if (d.type() === 'beforeunload') saw.asked++
    await d.accept()
  })
  page.on('filechooser', () => {}) // from now on the browser opens none of its own
  // Without the browser's own dialogues, which nobody could answer here, the page
  // takes its inputs. One that gives handles is put in later.
  await page.addInitScript(() => { delete window.showDirectoryPicker; delete window.showOpenFilePicker })

  // What goes to the server of each upload, and the hand on the tap.
  const tap = { after: Infinity, held: [] }
  const sent = {}
  const arrived = {}
  const atOnce = 4
  let begun = 0
  const idOf = (url) => /upload\/(\d+)\/append/.exec(url)[1]
  await page.route('**/append', async (route) => {
    const id = idOf(route.request().url())
    sent[id] = (sent[id] ?? 0) + 1
    if (sent[id] > tap.after) tap.held.push(route)
    else await route.continue()
  })
  page.on('request', (r) => { if (r.url().endsWith('/initialize')) begun++ })
  page.on('response', (r) => {
    if (!r.url().endsWith('/append') || r.status() !== 200) return
    const id = idOf(r.url())
    arrived[id] = (arrived[id] ?? 0) + 1
  })
  // until n segments of one upload, begun from now on, have arrived, and as many as the page sends at once are held; gives the upload's id.
  const middle = async (n) => {
    const before = new Set(Object.keys(arrived))
    tap.after = n
    return async () => await until(() => Object.keys(arrived).find((i) => !before.has(i) && arrived[i] === n && sent[i] === n + atOnce))
  }
  const open = async () => {
    tap.after = Infinity
    await Promise.all(tap.held.splice(0).map(async (route) => await route.continue().catch(() => {})))
  }
  const item = (name) => page.getByRole('listitem').filter({ has: page.getByText(name, { exact: true }) })
  const button = (act, name) => page.getByRole('button', { name: `${act}: ${name}`, exact: true })
  const standing = async (name, words) => await item(name).getByText(words).first().waitFor()
  const done = async (name) => {
    const link = page.getByRole('link', { name: `Open: ${name}`, exact: true })
    await item(name).locator('p.good').waitFor()
    saw.ids[name] = (await link.getAttribute('href')).split('/').at(-1)
  }
  const add = async (...paths) => await page.locator('#files').setInputFiles(paths)
  const to = async (name) => await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click()
  const heading = page.getByRole('heading', { name: 'Upload', exact: true })
  const allowed = page.getByText('What may be uploaded')

  await signIn(page, '/console/upload')
  await heading.waitFor()
  await allowed.waitFor()
  saw.findings.empty = await findings(page)

  // Many files, by the button and the keyboard alone.
  const choose = async (paths, act) => {
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), act()])
    await chooser.setFiles(paths)
  }
  await page.getByRole('button', { name: 'Choose files' }).focus()
  await choose([files.large, files.text, files.broken, files.film, files.picture, files.captions], async () => await page.keyboard.press('Enter'))
  saw.said.large = await item(basename(files.large)).locator('p.bad').last().innerText()
  saw.said.text = await item(basename(files.text)).locator('p.bad').last().innerText()
  saw.said.unstarted = begun
  const category = page.getByRole('combobox', { name: `Category: ${basename(files.film)}` })
  // The film is longer than tweet_video may be here, which the browser finds out.
  await category.and(page.locator(':has(option:checked[value="amplify_video"])')).waitFor()
  await category.selectOption('dm_video')
  saw.findings.ready = await findings(page)
  await page.getByRole('button', { name: 'Start all (4)' }).focus()
  await page.keyboard.press('Enter')
  for (const f of ['film', 'picture', 'captions']) await done(basename(files[f]))
  await item(basename(files.broken)).locator('p.bad').nth(1).waitFor()
  saw.said.broken = await item(basename(files.broken)).locator('p.bad').nth(1).innerText()
  saw.findings.done = await findings(page)
  for (const f of ['large', 'text', 'broken']) await button('Remove', basename(files[f])).click()
  await page.getByRole('button', { name: 'Clear finished ones' }).click()
  await page.getByText('No files yet.').waitFor()

  // A folder and a file are dropped, as the system does it.
  const tools = await browser.newCDPSession(page)
  await page.locator('.zone').scrollIntoViewIfNeeded()
  const zone = await page.locator('.zone').boundingBox()
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await tools.send('Input.dispatchDragEvent', {
      type, x: zone.x + zone.width / 2, y: zone.y + 20, data: { items: [], files: [files.folder, files.dropped], dragOperationsMask: 1 }
    })
  }
  await page.getByRole('button', { name: 'Start all (3)' }).click()
  for (const name of ['album/deep/one.png', 'album/two.png', basename(files.dropped)]) {
    await item(name).locator('p.good').waitFor()
    saw.ids[name] = (await item(name).getByRole('link').getAttribute('href')).split('/').at(-1)
  }
  saw.said.listed = await page.locator('section li').count()
  await page.getByRole('button', { name: 'Clear finished ones' }).click()
  await page.locator('#folder').setInputFiles(files.folder)
  for (const name of ['one.png', 'two.png']) await button('Remove', name).click()
  await page.getByText('No files yet.').waitFor()

  const start = async (path, n) => {
    const there = await middle(n)
    if (path !== undefined) await add(path)
    await page.getByRole('button', { name: 'Start all (1)' }).click()
    return await there()
  }

  // A reload in the middle. The file is chosen again; first one that only looks the same.
  const reload = await start(files.reload, 3)
  saw.findings.sending = await findings(page)
  await page.reload()
  await standing('reload.png', 'Choose the same file again to go on')
  saw.findings.lost = await findings(page)
  await open()
  sent[reload] = 0
  const again = async (path) => await choose(path, async () => await button('Choose the file', 'reload.png').click())
  await again(files.picture)
  saw.said.notThat = await item('reload.png').getByText('That is another file').innerText()
  await again(files.impostor)
  await item('reload.png').getByText('its bytes differ').waitFor()
  saw.said.impostor = sent[reload]
  await again(files.reload)
  await done('reload.png')
  saw.sent.reload = sent[reload]

  // A reload with handles that the browser keeps: it goes on by itself, whatever page is shown.
  await page.addInitScript(() => {
    window.showOpenFilePicker = async () => {
      const root = await navigator.storage.getDirectory()
      return [await root.getFileHandle('handle.png')]
    }
  })
  await page.reload()
  await allowed.waitFor()
  await page.evaluate(async ([text]) => {
    const root = await navigator.storage.getDirectory()
    const out = await (await root.getFileHandle('handle.png', { create: true })).createWritable()
    await out.write(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)))
    await out.close()
  }, [await readFile(files.handle, 'base64')])
  const there = await middle(4)
  await page.getByRole('button', { name: 'Choose files' }).click()
  await page.getByRole('button', { name: 'Start all (1)' }).click()
  const handle = await there()
  tap.held.splice(0) // they end with the page
  sent[handle] = 0
  tap.after = Infinity
  await to('Library')
  const whole = page.waitForResponse((r) => r.url().endsWith(handle + '/finalize') && r.ok())
  await page.reload()
  await whole
  await to('Upload')
  await done('handle.png')
  saw.sent.handle = sent[handle]

  // Pause in the middle, and go on; with a token that has ended, while there is no other for a moment.
  const paused = await start(files.pause, 2)
  await button('Pause', 'pause.png').click()
  await standing('pause.png', 'Paused')
  saw.findings.paused = await findings(page)
  await open()
  sent[paused] = 0
  await page.route('**/magpie/v1/uploads/' + paused, async (route) => { await route.fulfill({ status: 401, json: {} }) }, { times: 1 })
  await page.route('**/console/session', async (route) => { await route.abort() })
  await button('Go on', 'pause.png').click()
  await item('pause.png').getByText('The server gives no answer').waitFor()
  await page.unroute('**/console/session')
  await button('Try now', 'pause.png').click({ timeout: 5000 }).catch(() => {}) // it may have gone on by itself
  await done('pause.png')

  // What became of an upload may not be known for a moment, and is not forgotten for that.
  await page.evaluate(async (id) => {
    const { user } = await (await fetch('/console/session', { method: 'POST' })).json()
    const db = await new Promise((resolve) => { const asked = indexedDB.open('magpie-uploads', 1); asked.onsuccess = () => { resolve(asked.result) } })
    const work = db.transaction('uploads', 'readwrite')
    work.objectStore('uploads').put({ id, user, name: 'known.png', path: 'known.png', size: 1, lastModified: 0, type: 'image/png', category: 'tweet_image', step: 1, paused: false, finalized: true })
    await new Promise((resolve) => { work.oncomplete = resolve })
    db.close()
  }, paused)
  await page.route('**/magpie/v1/media/' + paused, async (route) => { await route.fulfill({ status: 500, json: { detail: 'Not just now.' } }) }, { times: 1 })
  await page.reload()
  await page.getByRole('alert').getByText('Not just now.').waitFor()
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click()
  await item('known.png').locator('p.good').waitFor()
  saw.sent.pause = sent[paused]

  // The server is killed in the middle, with the page open, and comes back.
  const killed = await start(files.restart, 2)
  await fetch(control + '/kill', { method: 'POST' })
  await open()
  await item('restart.png').getByText('The server gives no answer').waitFor()
  saw.findings.away = await findings(page)
  await fetch(control + '/run', { method: 'POST' })
  await button('Try now', 'restart.png').click({ timeout: 5000 }).catch(() => {}) // it may have gone on by itself
  await done('restart.png')
  saw.arrived.restart = arrived[killed]

  // Another page of the console meanwhile; and another window, which leaves it alone.
  await start(files.away, 2)
  const second = await browser.newPage()
  await second.goto(given.url + '/console/upload')
  await second.getByText('Goes on in another window').waitFor()
  await to('Library')
  await heading.waitFor({ state: 'detached' })
  const over = page.waitForResponse((r) => r.url().endsWith('/finalize') && r.ok())
  await open()
  await over
  await to('Upload')
  await done('away.png')
  await second.getByText('No files yet.').waitFor()
  await second.close()

  // The file is changed in the middle, and then the upload is cancelled.
  saw.ids.cancel = await start(files.cancel, 2)
  await button('Pause', 'cancel.png').click()
  await appendFile(files.cancel, 'more')
  await open()
  await button('Go on', 'cancel.png').click()
  await item('cancel.png').getByText('cannot be read any more').waitFor()
  await button('Cancel', 'cancel.png').click()
  await item('cancel.png').waitFor({ state: 'detached' })
  await page.getByText('cancel.png was cancelled.').waitFor({ state: 'attached' })
  await open()

  // The quota is told before anything is sent.
  await fetch(control + '/quota', { method: 'POST' })
  await page.reload()
  await allowed.waitFor()
  const before = begun
  await add(files.picture)
  saw.said.quota = await item('picture.png').locator('p.bad').last().innerText()
  saw.said.beyond = begun - before
  return saw
})
