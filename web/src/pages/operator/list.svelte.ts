// A list of operators', read page by page, and again while it is looked at.

import { untrack } from 'svelte'
import { said } from '../../lib/api'
import { page, type Answer } from './admin'

const first = 20 // rows of a page
const most = 100 // rows that one answer has

export class List<T> {
  rows: T[] = $state.raw([])
  counts: Answer<T>['meta']['counts'] = $state.raw()
  done = $state(false) // it was read to its end
  read = $state(false) // once, at least
  busy = $state(false)
  problem = $state('')
  growing = $state(false) // the next page is waited for
  #next = ''
  #asked: Promise<void> = Promise.resolve()
  #leave = new AbortController()

  /** id tells rows apart; query is what the list is asked with. */
  constructor (private readonly name: string, private readonly id: (row: T) => string, private readonly query: Record<string, string> = {}) {}

  /** Reads the next page. */
  async more (): Promise<void> {
    if (this.growing || this.done) return
    this.growing = true
    await this.#asked // a refresh, which moves the end
    if (!this.done) {
      await this.#ask(first, this.#next, (a) => {
        const known = new Set(this.rows.map(this.id))
        this.rows = [...this.rows, ...a.data.filter((r) => !known.has(this.id(r)))]
        this.#ends(a)
      })
    }
    this.growing = false
  }

  /** Reads again what is shown, as it is from now on; rows that stay keep their place in the page. */
  async again (): Promise<void> {
    while (this.busy) await this.#asked // what it is told may be older
    if (this.growing) return
    const limit = Math.min(most, Math.max(first, this.rows.length))
    await this.#ask(limit, '', (a) => {
      const last = a.data.at(-1)
      const at = last === undefined ? -1 : this.rows.findIndex((r) => this.id(r) === this.id(last))
      const rest = a.meta.next_cursor === undefined || at < 0 ? [] : this.rows.slice(at + 1)
      this.rows = [...a.data, ...rest]
      if (rest.length === 0) this.#ends(a) // else the end is where it was
    })
  }

  /** Begins to read, for an effect. Gives what ends it. */
  open (): () => void {
    untrack(() => { void this.more() }) // what it finds is not to open it again
    return () => { this.#leave.abort() }
  }

  #ends (a: Answer<T>): void {
    this.#next = a.meta.next_cursor ?? ''
    this.done = this.#next === ''
  }

  async #ask (limit: number, cursor: string, take: (a: Answer<T>) => void): Promise<void> {
    this.#asked = this.#answered(limit, cursor, take)
    await this.#asked
  }

  async #answered (limit: number, cursor: string, take: (a: Answer<T>) => void): Promise<void> {
    this.busy = true
    try {
      const a = await page<T>(this.name, this.query, limit, cursor, this.#leave.signal)
      take(a)
      this.counts = a.meta.counts
      this.read = true
      this.problem = ''
    } catch (e) {
      if (!this.#leave.signal.aborted) this.problem = said(e)
    } finally {
      this.busy = false
    }
  }
}

/** Does something every so many milliseconds while the page is looked at, one after the other. Gives what ends that. */
export function every (ms: number, act: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout>
  let ended = false
  const next = (): void => { timer = setTimeout(() => { void turn() }, ms) }
  const turn = async (): Promise<void> => {
    if (!document.hidden) await act()
    if (!ended) next()
  }
  next()
  return () => {
    ended = true
    clearTimeout(timer)
  }
}
