// One file of the list.

import type { Candidate, Problem } from './kinds'
import type { State } from './machine'
import type { Handle, Known } from './memory'
import { Patience, type Trouble } from './patience'
import type { Found } from './pick'
import { Meter } from './rate'
import type { Transfer } from './transfer'

/** What a file has to be to be gone on with. */
export interface Identity { name: string, size: number, lastModified: number }

let made = 0

export class Item implements Transfer {
  readonly key = ++made
  readonly name: string
  readonly path: string
  readonly size: number
  readonly lastModified: number
  readonly type: string

  state: State = $state('ready')
  category = $state('')
  chosen = false // the category, by a person
  sent = $state(0)
  percent = $state(0)
  rate: number | undefined = $state()
  problem: Problem | undefined = $state.raw()
  trouble: Trouble | undefined = $state.raw()
  id = $state('')

  step = 0
  seconds: number | undefined
  finalized = false
  held: File | undefined
  handle: Handle | undefined
  stop = new AbortController()
  running: Promise<void> = Promise.resolve()
  kept: Promise<void> = Promise.resolve() // what is remembered of it was written
  readonly there = new Set<number>()
  readonly meter = new Meter()
  readonly patience = new Patience((t) => { this.trouble = t })
  opened = async (): Promise<void> => {}

  constructor (is: Identity, path: string, type: string) {
    this.name = is.name
    this.size = is.size
    this.lastModified = is.lastModified
    this.path = path
    this.type = type
  }

  get file (): File {
    if (this.held === undefined) throw new Error(`${this.name} was not chosen again`)
    return this.held
  }

  get candidate (): Candidate {
    return { name: this.name, size: this.size, type: this.type, category: this.category, seconds: this.seconds }
  }

  /** Takes a file if it looks like the one that this is. */
  take (file: File, handle?: Handle): boolean {
    if (file.name !== this.name || file.size !== this.size || file.lastModified !== this.lastModified) return false
    this.there.clear() // nobody has compared it with those yet
    this.held = file
    this.handle = handle ?? this.handle
    return true
  }

  /** What is remembered of it. */
  known (user: string): Known {
    return {
      id: this.id, user, name: this.name, path: this.path, size: this.size, lastModified: this.lastModified, type: this.type,
      category: this.category, step: this.step, paused: this.state === 'paused', finalized: this.finalized, handle: this.handle
    }
  }
}

/** A file that was just added. */
export function fresh (f: Found, type: string): Item {
  const item = new Item(f.file, f.path, type)
  item.held = f.file
  item.handle = f.handle
  return item
}

/** An upload that was begun before the page was loaded. */
export function remembered (k: Known): Item {
  const item = new Item(k, k.path, k.type)
  item.id = k.id
  item.category = k.category
  item.step = k.step
  item.handle = k.handle
  item.finalized = k.finalized
  return item
}
