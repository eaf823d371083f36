// Numbers, sizes and times as people read them, in the chosen language.

import { chosen } from './words.svelte'

export function number (n: number, options: Intl.NumberFormatOptions = {}): string {
  return new Intl.NumberFormat(chosen.language, options).format(n)
}

/** Bytes in powers of 1024: "1.5 MiB". */
export function bytes (n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let i = 0
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024
  return number(n, { maximumFractionDigits: i > 0 && n < 100 ? 1 : 0 }) + ' ' + (units[i] ?? '')
}

/** A duration in seconds as a clock shows it: "1:05" or "2:00:09". */
export function clock (seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  const two = (n: number): string => String(n).padStart(2, '0')
  const h = Math.floor(s / 3600)
  const m = Math.floor(s / 60) % 60
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`
}

/** A moment, given as the API does, in the reader's zone. */
export function moment (iso: string): string {
  return new Intl.DateTimeFormat(chosen.language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))
}

export function percent (part: number): string {
  return number(part, { style: 'percent', maximumFractionDigits: 0 })
}
