// Files for spreadsheets: RFC 4180, in UTF-8 with a mark at its beginning, without
// which Excel takes it for something else.

import { names, type Played } from './counts'
import type { Step } from './period'

/** A cell. What a spreadsheet would take for a formula has an apostrophe before it. */
function cell (v: string | number): string {
  if (typeof v === 'number') return String(v)
  const text = /^[\s]*[=+\-@\t\r\n]/.test(v) ? "'" + v : v
  return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text
}

export function csv (rows: Array<Array<string | number>>): string {
  return '\ufeff' + rows.map((r) => r.map(cell).join(',') + '\r\n').join('')
}

/** A moment of the reader's, with how far that is from UTC: 2026-11-22T09:00:00+09:00. */
export function local (d: Date): string {
  const two = (n: number): string => String(Math.floor(Math.abs(n))).padStart(2, '0')
  const ahead = -d.getTimezoneOffset()
  const date = `${String(d.getFullYear()).padStart(4, '0')}-${two(d.getMonth() + 1)}-${two(d.getDate())}`
  return `${date}T${two(d.getHours())}:${two(d.getMinutes())}:00${ahead < 0 ? '-' : '+'}${two(ahead / 60)}:${two(ahead % 60)}`
}

/** A line for each step. */
export function ofSteps (steps: Step[]): string {
  return csv([['start', ...names], ...steps.map((s) => [local(s.start), ...names.map((n) => s.counts[n])])])
}

/** A line for each media. */
export function ofMedia (list: Played[]): string {
  return csv([
    ['media_key', 'alt_text', ...names],
    ...list.map((p) => [p.media.media_key, p.media.alt_text ?? '', ...names.map((n) => p.metrics[n])])
  ])
}

/** Has the browser keep a text as a file. */
export function save (name: string, text: string): void {
  const a = document.createElement('a')
  a.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  a.download = name
  a.click()
  setTimeout(() => { URL.revokeObjectURL(a.href) }, 60_000)
}
