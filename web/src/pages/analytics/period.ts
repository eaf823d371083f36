// Which time is looked at, and the steps that it is shown in. The server counts
// by hours of UTC; days are the reader's, and have the hours that begin in them.

import { add, none, type Counts, type Hour } from './counts'

export const ranges = ['24h', '7d', '30d', 'own'] as const
export type Range = typeof ranges[number]
export type By = 'hour' | 'day'

/** What is asked for, as it stands in the address. */
export interface Asked { range: Range, from: string, to: string, by: By }

export interface Period { start: Date, end: Date }

/** What was counted from a moment on until the next step. */
export interface Step { start: Date, counts: Counts }

const hour = 3_600_000
const longest = 400 // days
const mostByHour = 31 // days

/** Reads what is asked for from an address's query. */
export function read (query: URLSearchParams): Asked {
  const range = ranges.find((r) => r === query.get('range')) ?? '7d'
  const by = query.get('by')
  return {
    range,
    from: query.get('from') ?? '',
    to: query.get('to') ?? '',
    by: by === 'hour' || by === 'day' ? by : range === '24h' ? 'hour' : 'day'
  }
}

/** The query of an address that asks for this. */
export function write (a: Asked): string {
  const query = new URLSearchParams({ range: a.range, by: a.by })
  if (a.range === 'own') {
    query.set('from', a.from)
    query.set('to', a.to)
  }
  return '?' + query.toString()
}

/** A day as inputs have it, so many days from a moment's. */
export function day (of: Date, after = 0): string {
  const d = new Date(of.getFullYear(), of.getMonth(), of.getDate() + after)
  return [String(d.getFullYear()).padStart(4, '0'), String(d.getMonth() + 1).padStart(2, '0'), String(d.getDate()).padStart(2, '0')].join('-')
}

/** The reader's midnight in which a day begins. */
function midnight (text: string, after = 0): Date | undefined {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (m === null) return undefined
  const d = new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3]) + after)
  return d.getFullYear() < 1971 ? undefined : d
}

export type Wrong = 'wrongDays' | 'tooLong'

/** The time that is asked for, or what is wrong with it. */
export function period (a: Asked, now: Date): Period | Wrong {
  if (a.range === '24h') {
    const end = new Date(Math.floor(now.getTime() / hour + 1) * hour)
    return { start: new Date(end.getTime() - 24 * hour), end }
  }
  const own = a.range === 'own'
  const start = midnight(own ? a.from : day(now, a.range === '7d' ? -6 : -29))
  const end = midnight(own ? a.to : day(now), 1)
  if (start === undefined || end === undefined || start >= end) return 'wrongDays'
  return days({ start, end }) > longest ? 'tooLong' : { start, end }
}

/** How many days a period has, about. */
export function days (p: Period): number {
  return Math.round((p.end.getTime() - p.start.getTime()) / hour / 24)
}

/** Whether a period is short enough to be shown by hours. */
export function short (p: Period): boolean { return days(p) <= mostByHour }

/** All steps of a period, with what was counted in each. */
export function steps (p: Period, by: By, counted: Hour[]): Step[] {
  const out: Step[] = []
  if (by === 'hour') {
    for (let t = Math.ceil(p.start.getTime() / hour) * hour; t < p.end.getTime(); t += hour) out.push({ start: new Date(t), counts: none() })
  } else {
    for (let n = 0, d = p.start; d < p.end; n++, d = new Date(p.start.getFullYear(), p.start.getMonth(), p.start.getDate() + n)) {
      out.push({ start: n === 0 ? p.start : d, counts: none() })
    }
  }
  for (const h of counted) {
    const at = Date.parse(h.timestamp)
    const step = out.findLast((s) => s.start.getTime() <= at)
    if (step !== undefined && at < p.end.getTime()) add(step.counts, h.metrics)
  }
  return out
}

/** The sum of steps. */
export function sum (list: Step[]): Counts {
  const total = none()
  for (const s of list) add(total, s.counts)
  return total
}
