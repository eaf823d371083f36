// What the parts of the list say, in words.

import { Refusal, said } from '../../lib/api'
import { bytes, clock, moment, percent } from '../../lib/format'
import type { Item } from './item.svelte'
import type { Problem } from './kinds'
import { timeLeft } from './rate'
import { say, sayNamed } from './words'

/** A problem, in the page's words or the server's. */
export function problem (p: Problem): string {
  if ('words' in p) return p.words
  const fill = { ...p.fill }
  for (const name of ['size', 'most', 'room']) if (typeof fill[name] === 'number') fill[name] = bytes(fill[name])
  for (const name of ['long', 'longest']) if (typeof fill[name] === 'number') fill[name] = clock(fill[name])
  if (typeof fill.at === 'number') fill.at = moment(new Date(fill.at).toISOString())
  return sayNamed(p.say, fill)
}

/** What an upload waits for before it tries again. */
export function trouble (i: Item, now: number): string {
  if (i.trouble === undefined) return ''
  const { error, until } = i.trouble
  const why = error instanceof Refusal ? said(error) : say('away')
  return why + ' ' + say('againIn', { seconds: Math.max(0, Math.ceil((until - now) / 1000)) })
}

/** Where an upload stands, in a line. */
export function standing (i: Item): string {
  switch (i.state) {
    case 'ready':
      return say(i.problem === undefined ? 'ready' : 'blocked')
    case 'sending': {
      const left = timeLeft(i.size - i.sent, i.rate)
      return [
        say('sentOf', { sent: bytes(i.sent), size: bytes(i.size) }),
        i.rate === undefined || i.sent === 0 ? '' : say('perSecond', { rate: bytes(i.rate) }),
        left === undefined ? '' : say('left', { time: clock(left) })
      ].filter((t) => t !== '').join(' · ')
    }
    case 'processing':
    case 'checking':
      return say(i.state) + ' ' + percent(i.percent / 100)
    case 'paused':
      return i.sent > 0 ? `${say('paused')} · ${say('sentOf', { sent: bytes(i.sent), size: bytes(i.size) })}` : say('paused')
    default:
      return say(i.state)
  }
}

/** How much of the bar is full, from 0 to 1; undefined where there is none. */
export function fullness (i: Item): number | undefined {
  switch (i.state) {
    case 'sending':
    case 'finishing':
    case 'paused':
    case 'waiting':
    case 'lost':
      return i.size === 0 ? 0 : Math.min(1, i.sent / i.size)
    case 'checking':
    case 'processing':
      return i.percent / 100
    default:
      return undefined
  }
}
