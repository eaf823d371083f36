// The media that the library shows: pages of the API's list, one behind the
// other, kept as they change. A library may be long, so what is reactive is
// numbers; the media themselves are a plain array, newest upload first.

import { Refusal, json, said } from '../../lib/api'
import type { News } from '../../lib/stream'
import { read, type Item } from '../media/item'
import { newer, queryOf, wanted, type Filter } from './query'

interface Listed { data: Item[], meta: { result_count: number, next_cursor?: string } }

const pageSize = 100
const aFew = 20 // of which one may have changed in a moment
const atOnce = 4 // media that are read at a time

export class Shelf {
  count = $state(0) // media that are here
  version = $state(0) // goes up whenever one of them changes
  loading = $state(false)
  done = $state(false) // there are no more on the server
  problem = $state('') // why the last page could not be loaded
  fresh = $state(0) // new ones that showFresh shows

  /** Whether the first media is on the screen: new ones then come at once, and else wait for showFresh. */
  atTop = true

  private items: Item[] = []
  private cursor = ''
  private readonly held = new Map<string, Item>()
  private readonly passed = new Map<string, string>() // not asked for, by their state
  private readonly queue = new Set<string>()
  private readonly asked = new Set<string>() // whose answers are on their way
  private reading = 0
  private behind = false // of what was told once the page that is loading was asked for

  constructor (readonly filter: Filter) {}

  at (i: number): Item | undefined { return this.items[i] }

  /** The media from one number to before another. */
  slice (first: number, end: number): Item[] { return this.items.slice(first, end) }

  /** Where a media is; -1 if it isn't here. */
  indexOf (id: string): number {
    const i = this.place(id)
    return this.items[i]?.id === id ? i : -1
  }

  /** Loads the next page, unless one is on its way or there is none. */
  async more (): Promise<void> {
    if (this.loading || this.done) return
    this.loading = true
    this.problem = ''
    try {
      const page = await this.page(this.cursor)
      const last = this.items.at(-1)
      for (const m of page.data) if (last === undefined || newer(last.id, m.id)) this.items.push(m)
      this.cursor = page.meta.next_cursor ?? ''
      this.done = this.cursor === ''
      this.told()
    } catch (e) {
      this.problem = said(e)
      if (e instanceof Refusal && e.retryAfter > 0) {
        await new Promise((resolve) => setTimeout(resolve, e.retryAfter * 1000))
        this.problem = ''
      }
    } finally {
      this.loading = false
      if (this.behind) void this.catchUp('', aFew)
      this.behind = false
    }
  }

  /** Brings what may have changed while nobody listened: the newest, and one more. */
  async catchUp (id: string, count = pageSize): Promise<void> {
    if (id !== '') this.reread(id)
    try {
      for (const m of (await this.page('', count)).data) this.take(m)
    } catch { /* it is shown as it was */ }
  }

  /** Goes by what the stream tells. */
  heard (n: News): void {
    const id = n.data.id
    if (n.kind === 'reset') void this.catchUp('')
    if (n.kind === 'ready') {
      if (this.loading) this.behind = true
      else if (this.count > 0 || this.done) void this.catchUp('', aFew)
    }
    if (id === undefined) return
    const i = this.indexOf(id)
    const old = this.items[i]
    if (n.kind !== 'media.progress') return this.reread(id)
    if (old === undefined) {
      if (this.passed.get(id) !== n.data.state) this.reread(id)
      return
    }
    const state = n.data.state === 'in_progress' ? 'in_progress' : 'pending'
    this.take({ ...old, state, progress_percent: n.data.progress_percent ?? old.progress_percent })
  }

  /** Shows the new ones that waited. */
  showFresh (): void {
    const list = [...this.held.values()]
    this.held.clear()
    this.atTop = true
    for (const m of list) this.take(m)
    this.fresh = 0
  }

  /** Reads a media anew, soon. */
  reread (id: string): void {
    this.queue.add(id)
    while (this.reading < atOnce && this.next() !== undefined) {
      this.reading++
      void this.work()
    }
  }

  /** Takes a media off the shelf. */
  remove (id: string): void {
    const i = this.indexOf(id)
    if (this.held.delete(id)) this.fresh = this.held.size
    if (i < 0) return
    this.items.splice(i, 1)
    this.told()
  }

  private async page (cursor: string, count = pageSize): Promise<Listed> {
    const more = cursor === '' ? '' : '&cursor=' + encodeURIComponent(cursor)
    const query = queryOf(this.filter)
    return await json<Listed>(`/magpie/v1/media?limit=${count}${query === '' ? '' : '&' + query}${more}`)
  }

  /** The next media to read: one that is being read waits for that answer, which may be the older one. */
  private next (): string | undefined { return [...this.queue].find((id) => !this.asked.has(id)) }

  private async work (): Promise<void> {
    for (let id = this.next(); id !== undefined; id = this.next()) {
      this.queue.delete(id)
      this.asked.add(id)
      try {
        this.take(await read(id))
      } catch (e) {
        if (e instanceof Refusal && e.status === 404) this.remove(id)
      } finally {
        this.asked.delete(id)
      }
    }
    this.reading--
  }

  /** Puts a media where it belongs, in the place of what was known of it, or takes it away if it isn't asked for any more. */
  private take (m: Item): void {
    if (!wanted(this.filter, m)) {
      this.passed.set(m.id, m.state)
      this.remove(m.id)
      return
    }
    const i = this.place(m.id)
    if (this.items[i]?.id === m.id) {
      this.items[i] = m
    } else if (i === this.items.length && !this.done) {
      return // it comes with a later page
    } else if (this.filter.q !== undefined) {
      return // whether it is found, only the server knows
    } else if (i === 0 && !this.atTop) {
      this.held.set(m.id, m)
      this.fresh = this.held.size
      return
    } else {
      this.items.splice(i, 0, m)
    }
    this.told()
  }

  /** Where a media is, or would be: before the first that is older. */
  private place (id: string): number {
    let [low, high] = [0, this.items.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (newer(this.items[middle]?.id ?? '', id)) low = middle + 1
      else high = middle
    }
    return low
  }

  private told (): void {
    this.count = this.items.length
    this.version++
  }
}

let kept: Shelf | undefined

/** The shelf for a filter; the last one again, if it is wanted back and was for the same. */
export function shelfFor (filter: Filter, back: boolean): Shelf {
  if (!back || kept === undefined || queryOf(kept.filter) !== queryOf(filter)) kept = new Shelf(filter)
  return kept
}
