// How one file gets to the server: a session, its segments, several at once, and
// its end. Whatever arrived before is not sent again.

import { Away, Refusal } from '../../lib/api'
import { checksum } from './checksum'
import type { State } from './machine'
import type { Patience } from './patience'
import { count, range } from './plan'
import type { Slots } from './slots'
import * as wire from './wire'

/** What a transfer reads and writes of an upload. */
export interface Transfer {
  readonly file: File
  readonly type: string
  readonly category: string
  readonly step: number
  id: string // of the session; '' before there is one
  state: State
  sent: number // bytes, on their way ones included
  percent: number // of what the state is
  readonly there: Set<number> // segments of this very file that the server said it has
  readonly patience: Patience
  /** Keeps what is needed to go on after a reload. */
  opened: () => Promise<void>
}

/** The file is not the one that the session was begun with. */
export class OtherFile extends Error {}

/** The file can't be read any more: it was changed, moved or taken out. */
export class Unreadable extends Error {}

/** Brings the file to the server; true where it is processed for a while then. Called again, it goes on. What was finalized can't be paused: that step ends only with end. */
export async function transfer (t: Transfer, slots: Slots, signal: AbortSignal, end: AbortSignal): Promise<boolean> {
  if (t.id !== '' && await look(t, signal)) return true
  if (t.id === '') {
    t.there.clear()
    // An answer on its way is waited for, or nobody would know of the session.
    t.id = await t.patience.patiently(signal, async () => await wire.initialize(t.file.size, t.type, t.category, end))
    await t.opened()
  }
  await send(t, slots, signal)
  t.state = 'finishing'
  return await t.patience.patiently(end, async () => await wire.finalize(t.id, end))
}

/** Asks what arrived, and holds it against the file. True where the upload is finalized already; one that is gone leaves no id. */
async function look (t: Transfer, signal: AbortSignal): Promise<boolean> {
  let got: wire.Arrived
  try {
    got = await t.patience.patiently(signal, async () => await wire.arrived(t.id, signal))
  } catch (e) {
    if (!(e instanceof Refusal) || (e.status !== 404 && e.status !== 410)) throw e
    t.id = ''
    return false
  }
  if (got.state === 'closed') return true
  if (got.total_bytes !== t.file.size) throw new OtherFile()
  await compare(t, got.segments, signal)
  return false
}

async function compare (t: Transfer, segments: wire.Segment[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  t.state = 'checking'
  t.percent = 0
  const news = segments.filter((s) => !t.there.has(s.segment_index))
  const all = news.reduce((sum, s) => sum + s.bytes, 0)
  let read = 0
  for (const s of news) {
    const { from, to } = range(s.segment_index, t.file.size, t.step)
    const part = t.file.slice(from, to)
    if (part.size !== s.bytes || await readable(checksum(part, signal), signal) !== s.crc32c) throw new OtherFile()
    read += s.bytes
    t.percent = read / all * 100
  }
  t.there.clear()
  for (const s of segments) t.there.add(s.segment_index)
}

/** Sends the segments that are not there, each when it has a slot. */
async function send (t: Transfer, slots: Slots, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  t.state = 'sending'
  const moving = new Map<number, number>() // bytes of the segments on their way
  const tell = (): void => {
    let sum = 0
    for (const i of t.there) sum += size(t, i)
    for (const n of moving.values()) sum += n
    t.sent = sum
  }
  tell()
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  const running: Array<Promise<void>> = []
  let wrong: unknown
  for (let i = 0; i < count(t.file.size, t.step) && !both.aborted; i++) {
    if (t.there.has(i)) continue
    const leave = await slots.take(both).catch(() => undefined)
    if (leave === undefined) break
    running.push(one(t, i, (n) => { moving.set(i, n); tell() }, both).then(() => { t.there.add(i) }, (e: unknown) => {
      if (!both.aborted) wrong = e
      stop.abort(e)
    }).finally(() => {
      moving.delete(i)
      tell()
      leave()
    }))
  }
  await Promise.all(running)
  signal.throwIfAborted()
  if (wrong !== undefined) throw wrong
}

async function one (t: Transfer, index: number, moved: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  const { from, to } = range(index, t.file.size, t.step)
  const part = t.file.slice(from, to)
  await t.patience.patiently(signal, async () => {
    try {
      await wire.append(t.id, index, part, moved, signal)
    } catch (e) {
      moved(0)
      // A browser says the same of a file that it can't read as of a server that is away.
      if (e instanceof Away) await readable(part.slice(0, 1).arrayBuffer(), signal)
      throw e
    }
  })
}

async function readable<T> (reading: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await reading
  } catch {
    signal.throwIfAborted()
    throw new Unreadable()
  }
}

function size (t: Transfer, index: number): number {
  const { from, to } = range(index, t.file.size, t.step)
  return to - from
}
