// The uploads of whoever is signed in. They live here, outside of any page, so
// that they go on while one looks at another.

import { Away, Refusal, said } from '../../lib/api'
import { session } from '../../lib/session.svelte'
import { claim } from './claim'
import { fresh, type Item, remembered } from './item.svelte'
import { type Problem, typeOf } from './kinds'
import { attend } from './leaving.svelte'
import { may } from './machine'
import * as memory from './memory'
import type { Found } from './pick'
import { stepFor } from './plan'
import { seconds } from './probe'
import { recall, reread } from './recall'
import { reopen } from './reopen'
import { weighAll } from './room'
import { Slots } from './slots'
import { OtherFile, transfer, Unreadable } from './transfer'
import { watch } from './watch'
import * as wire from './wire'

const filesAtOnce = 2
const segmentsAtOnce = 4

class Engine {
  items: Item[] = $state.raw([])
  others: wire.Session[] = $state.raw([]) // begun by other means
  limits: wire.Limits | undefined = $state.raw()
  storage: wire.Storage | undefined = $state.raw()
  problem: Problem | undefined = $state.raw() // of the page as a whole
  news: { say: string, name: string } | undefined = $state.raw() // what happened last, for those who don't see it

  private user = ''
  private files = new Slots(filesAtOnce)
  private segments = new Slots(segmentsAtOnce)
  private end = new AbortController()
  private probing: Promise<void> = Promise.resolve()

  /** Reads what the server allows and what was begun before. Called again, it reads the allowances anew. */
  async begin (): Promise<void> {
    const user = session.now?.user ?? ''
    const known = user === this.user
    if (!known) {
      this.leave()
      this.user = user
    }
    try {
      const [limits, storage] = await Promise.all([wire.limits(), wire.storage()])
      if (user !== this.user) return
      this.limits = limits
      this.storage = storage
      this.problem = undefined
      if (!known) await this.remember(user)
      this.judgeAll()
    } catch (e) {
      if (user !== this.user) return
      this.problem = problemOf(e)
      if (!known) this.leave() // so that the next time all is read
    }
  }

  /** Stops all and forgets it here; what was begun can be gone on with by whom it belongs to. */
  leave (): void {
    this.end.abort()
    for (const i of this.items) i.stop.abort()
    this.items = []
    this.others = []
    this.user = ''
    this.files = new Slots(filesAtOnce)
    this.segments = new Slots(segmentsAtOnce)
    this.end = new AbortController()
  }

  /** Lists files; nothing is sent before start. One that is only missing to go on is taken for that. */
  add (found: Found[]): void {
    const news: Item[] = []
    for (const f of found) {
      const lost = this.items.find((i) => i.id !== '' && i.held === undefined && (may(i.state, 'choose') || may(i.state, 'resume')) && i.take(f.file, f.handle))
      if (lost !== undefined) this.run(lost)
      else news.push(fresh(f, typeOf(f.file.name, f.file.type)))
    }
    this.items = [...this.items, ...news]
    this.judgeAll()
    this.probing = this.probing.then(async () => {
      for (const i of news) {
        if (i.state !== 'ready' || !i.type.startsWith('video/')) continue
        i.seconds = await seconds(i.file)
        if (i.state === 'ready') this.judgeAll()
      }
    })
  }

  choose (i: Item, category: string): void {
    i.category = category
    i.chosen = true
    this.judgeAll()
  }

  private judgeAll (): void {
    if (this.limits !== undefined) weighAll(this.items, this.limits, this.storage)
  }

  startable (i: Item): boolean {
    return this.limits !== undefined && i.state === 'ready' && i.problem === undefined
  }

  startAll (): void {
    for (const i of this.items) this.start(i)
  }

  start (i: Item): void {
    if (this.startable(i)) this.run(i)
  }

  pause (i: Item): void {
    if (!may(i.state, 'pause')) return
    i.state = 'paused'
    if (i.id !== '') i.kept = memory.put(i.known(this.user))
    i.stop.abort()
  }

  /** Goes on with what was paused, failed, or waits for its next try. */
  async resume (i: Item): Promise<void> {
    if (i.trouble !== undefined) i.patience.hurry()
    if (!may(i.state, 'resume') && !may(i.state, 'retry') && i.state !== 'lost') return
    if (i.held === undefined && !await reopen(i, true)) {
      i.state = 'lost'
      return
    }
    this.run(i)
  }

  /** Takes a file that was chosen for an upload that was begun. */
  give (i: Item, f: Found): void {
    if (i.take(f.file, f.handle)) this.run(i)
    else i.problem = { say: 'notThat', fill: { name: i.name, size: i.size, at: i.lastModified } }
  }

  /** Ends an upload, and removes its bytes from the server. */
  async cancel (i: Item): Promise<void> {
    i.state = 'paused' // until the server knows
    if (i.id !== '') i.kept = memory.drop(i.id) // or another page would go on with it
    i.stop.abort()
    await i.running
    try {
      if (i.id !== '') await wire.abort(i.id)
    } catch (e) {
      if (!(e instanceof Refusal) || e.status !== 404) { // 409: it was finalized meanwhile
        i.problem = problemOf(e)
        await memory.put(i.known(this.user))
        return
      }
    }
    await this.forget(i)
    this.news = { say: 'wasCancelled', name: i.name }
  }

  /** Takes a file from the list that is not sent. */
  remove (i: Item): void {
    if (may(i.state, 'remove')) void this.forget(i)
  }

  clear (): void {
    this.items = this.items.filter((i) => i.state !== 'done')
  }

  /** Ends an upload that was begun by other means. */
  async abort (s: wire.Session): Promise<void> {
    try {
      await wire.abort(s.id)
      this.others = this.others.filter((o) => o.id !== s.id)
      await this.weigh()
    } catch (e) {
      this.problem = problemOf(e)
    }
  }

  private async forget (i: Item): Promise<void> {
    this.items = this.items.filter((o) => o !== i)
    if (i.id !== '') await memory.drop(i.id)
    await this.weigh()
  }

  private run (i: Item): void {
    const before = i.running
    i.stop = new AbortController()
    i.state = 'waiting'
    i.problem = i.trouble = undefined
    const { signal } = i.stop
    i.running = before.then(async () => { await this.carry(i, signal, this.end.signal) }).catch((e: unknown) => {
      i.trouble = undefined
      if (!signal.aborted && !this.end.signal.aborted) this.fail(i, e)
    })
  }

  private async carry (i: Item, signal: AbortSignal, end: AbortSignal): Promise<void> {
    const user = this.user
    const free: Array<() => void> = []
    try {
      if (i.id !== '') {
        let had = false
        free.push(await claim(i.id, () => { had = true; i.state = 'elsewhere' }, signal))
        if (had && !await this.inherit(i)) return
        if (i.held === undefined && !await this.regain(i, signal)) return
      }
      signal.throwIfAborted()
      i.state = 'waiting'
      free.push(await this.files.take(signal))
      const { limits } = this
      if (i.step === 0 && limits !== undefined) i.step = stepFor(i.size, limits.segment_bytes, limits.max_segments) ?? limits.segment_bytes
      i.opened = async () => {
        await memory.put(i.known(user))
        free.push(await claim(i.id, () => {}, signal))
        void this.weigh()
      }
      i.meter.begin(i.sent, Date.now())
      const goesOn = await transfer(i, this.segments, signal, end)
      i.finalized = true
      i.held = undefined
      await memory.put(i.known(user))
      if (goesOn) this.follow(i)
      else await this.finish(i)
    } finally {
      i.rate = undefined
      await i.kept // before another page looks
      for (const f of free) f()
    }
  }

  /** Goes on with what another page let go of; false where there is nothing to go on with. */
  private async inherit (i: Item): Promise<boolean> {
    const k = await memory.get(i.id)
    if (k === undefined) {
      this.items = this.items.filter((o) => o !== i)
      return false
    }
    if (k.finalized) this.follow(i)
    else if (k.paused) i.state = 'paused'
    else return true
    return false
  }

  /** Reads the file of an upload that was begun before the page was loaded; false where it has to be chosen again. */
  private async regain (i: Item, signal: AbortSignal): Promise<boolean> {
    if (await reopen(i, false)) return true
    signal.throwIfAborted()
    i.state = 'lost'
    await reread(i, signal)
    return false
  }

  private fail (i: Item, e: unknown): void {
    i.problem = problemOf(e)
    if (e instanceof OtherFile || e instanceof Unreadable) {
      i.state = 'lost'
      i.held = undefined
      if (e instanceof OtherFile) i.handle = undefined
    } else {
      i.state = 'failed'
      // What can't be gone on with takes no room. Credentials and disks may be better later.
      if (e instanceof Refusal && ![401, 403, 507].includes(e.status)) void this.giveUp(i)
    }
    this.news = { say: 'hasFailed', name: i.name }
  }

  private async giveUp (i: Item): Promise<void> {
    const { id } = i
    if (id === '') return
    i.id = ''
    i.sent = 0
    i.there.clear()
    await memory.drop(id)
    await wire.abort(id).catch(() => {}) // it expires, if not
    await this.weigh()
  }

  private follow (i: Item): void {
    i.state = 'processing'
    i.percent = 0
    watch(i.id, this.end.signal, (s) => {
      i.percent = s.progress_percent
      if (s.state === 'succeeded') void this.finish(i)
      if (s.state !== 'failed') return
      i.state = 'broken'
      i.problem = { words: s.error?.message ?? '' }
      void memory.drop(i.id)
      this.news = { say: 'hasFailed', name: i.name }
    })
  }

  private async finish (i: Item): Promise<void> {
    i.state = 'done'
    this.news = { say: 'isDone', name: i.name }
    await memory.drop(i.id)
    await this.weigh()
  }

  /** Reads how much is stored now. */
  private async weigh (): Promise<void> {
    try {
      this.storage = await wire.storage()
      this.judgeAll()
    } catch { /* the server says so where it matters */ }
  }

  /** Lists what this browser began before, and goes on with what it can. */
  private async remember (user: string): Promise<void> {
    const [known, open] = await Promise.all([memory.all(user), wire.sessions()])
    if (user !== this.user) return
    this.others = open.filter((s) => !known.some((k) => k.id === s.id))
    const items = known.map((k) => ({ k, i: remembered(k) }))
    this.items = [...this.items, ...items.map(({ i }) => i)]
    for (const { k, i } of items) {
      const next = await recall(k, i, open.some((s) => s.id === k.id), this.end.signal)
      if (next === 'run') this.run(i)
      if (next === 'follow') this.follow(i)
    }
  }
}

function problemOf (e: unknown): Problem {
  if (e instanceof Unreadable) return { say: 'unreadable' }
  if (e instanceof OtherFile) return { say: 'otherBytes' }
  if (e instanceof Away) return { say: 'away' }
  return { words: said(e) }
}

export const engine = new Engine()

attend(() => engine.items, () => { engine.leave() })
