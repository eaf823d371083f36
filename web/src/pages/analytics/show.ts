// Steps and counts as people read them.

import { clock, number } from '../../lib/format'
import { chosen } from '../../lib/words.svelte'
import type { Metric } from './counts'
import type { By } from './period'

/** A count of a metric: a number, or of the time watched a clock. */
export function count (metric: Metric, n: number): string {
  return metric === 'watch_time_ms' ? clock(n / 1000) : number(n)
}

/** How far apart the marks of an axis may be: of whole numbers, and of the time watched whole minutes. */
export function marks (metric: Metric): number[] {
  const whole = Array.from({ length: 14 }, (_, n) => [1, 2, 5].map((f) => f * 10 ** n)).flat()
  const seconds = [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 5 * 3600]
  return metric === 'watch_time_ms' ? [...seconds, ...whole.map((n) => n * 36_000)].map((s) => s * 1000) : whole
}

function format (options: Intl.DateTimeFormatOptions, d: Date): string {
  return new Intl.DateTimeFormat(chosen.language, options).format(d)
}

/** When a step begins, in full. */
export function whole (d: Date, by: By): string {
  return by === 'day' ? format({ dateStyle: 'medium' }, d) : format({ dateStyle: 'medium', timeStyle: 'short' }, d)
}

/** When a step begins, below an axis: of hours the time, and the day at midnight. */
export function brief (d: Date, by: By): string {
  return by === 'hour' && d.getHours() > 0 ? format({ timeStyle: 'short' }, d) : format({ day: 'numeric', month: 'short' }, d)
}

/** The zone that the reader's clock has. */
export function zone (): string { return new Intl.DateTimeFormat().resolvedOptions().timeZone }
