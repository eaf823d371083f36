// Where the server stands with what it processes: by its stream of events, and
// by asking now and then, since a stream may be cut off by what is in between.

import { listen } from '../../lib/stream'
import { stands, type Stands } from './wire'

const often = 5000 // milliseconds

interface Watched {
  tell: (s: Stands) => void
  heard: number // when something was told last
}

const watched = new Map<string, Watched>()
let stop: AbortController | undefined
let beat: ReturnType<typeof setInterval> | undefined

/** Tells how a media stands until that is its last state, or the signal ends. */
export function watch (id: string, signal: AbortSignal, tell: (s: Stands) => void): void {
  watched.set(id, { tell, heard: 0 })
  signal.addEventListener('abort', () => { leave(id) }, { once: true })
  if (stop === undefined) {
    stop = new AbortController()
    void listen((n) => {
      if (n.kind === 'reset') void askAll(0)
      else if (n.data.id !== undefined && watched.has(n.data.id)) {
        if (n.kind === 'media.progress') told(n.data.id, { state: n.data.state ?? '', progress_percent: n.data.progress_percent ?? 0 })
        else void ask(n.data.id)
      }
    }, stop.signal)
    beat = setInterval(() => { void askAll(often) }, often)
  }
  void ask(id) // it may be over already
}

async function askAll (silent: number): Promise<void> {
  const now = Date.now()
  for (const [id, w] of watched) if (now - w.heard >= silent) await ask(id)
}

async function ask (id: string): Promise<void> {
  try {
    told(id, await stands(id))
  } catch { /* the next time */ }
}

function told (id: string, s: Stands): void {
  const w = watched.get(id)
  if (w === undefined) return
  w.heard = Date.now()
  if (s.state === 'succeeded' || s.state === 'failed') leave(id)
  w.tell(s)
}

function leave (id: string): void {
  watched.delete(id)
  if (watched.size > 0) return
  stop?.abort()
  clearInterval(beat)
  stop = undefined
}
