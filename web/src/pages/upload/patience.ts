// What to do about a call that got no answer, or one that says later.

import { Away, Refusal } from '../../lib/api'

/** Reports whether what went wrong may be over soon. */
export function passing (e: unknown): boolean {
  if (e instanceof Away) return true
  return e instanceof Refusal && [408, 429, 500, 502, 503, 504].includes(e.status)
}

const first = 500
const longest = 20_000

/** Milliseconds until the next try: twice as long each time, at random from the half of it, and no less than the server asked for. */
export function pause (tries: number, e: unknown, random: () => number = Math.random): number {
  const d = Math.min(first * 2 ** Math.min(tries, 20), longest)
  const asked = e instanceof Refusal && e.retryAfter > 0 ? e.retryAfter * 1000 : 0
  return Math.max(asked, d / 2 + random() * d / 2)
}

export interface Trouble {
  error: unknown
  until: number // when it is tried again, in milliseconds since 1970
}

/** Tries one upload's calls again. */
export class Patience {
  private readonly alarm = new EventTarget()

  /** tell is told what is waited for, and with undefined that it is over. */
  constructor (private readonly tell: (t: Trouble | undefined) => void) {}

  /** Makes a call until it is answered or refused for good. */
  async patiently<T> (signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      signal.throwIfAborted()
      try {
        const answer = await act()
        if (!signal.aborted) this.tell(undefined)
        return answer
      } catch (e) {
        signal.throwIfAborted()
        if (!passing(e)) throw e
        const wait = pause(tries, e)
        this.tell({ error: e, until: Date.now() + wait })
        await this.rest(wait, signal)
      }
    }
  }

  /** Tries at once what is waited for. */
  hurry (): void { this.alarm.dispatchEvent(new Event('now')) }

  private async rest (ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const over = new AbortController()
      const end = (then: () => void) => () => { clearTimeout(timer); over.abort(); then() }
      const timer = setTimeout(end(resolve), ms)
      this.alarm.addEventListener('now', end(resolve), { signal: over.signal })
      addEventListener('online', end(resolve), { signal: over.signal })
      signal.addEventListener('abort', end(() => { reject(signal.reason) }), { signal: over.signal })
    })
  }
}
