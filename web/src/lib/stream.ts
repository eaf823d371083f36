// What happens to one's media, as it happens: the server-sent events of
// GET /magpie/v1/stream. EventSource can't send a token, so they are read here.

import { call } from './api'

export interface News {
  kind: string // media.progress, media.succeeded, …; ready once all from now on is told; reset where something may have been missed
  data: { id?: string, media_key?: string, state?: string, progress_percent?: number }
}

/** Tells what happens until the signal ends. After an interruption it goes on where it was. */
export async function listen (tell: (n: News) => void, signal: AbortSignal): Promise<void> {
  let last = ''
  let pause = 500
  while (!signal.aborted) {
    try {
      const answer = await call('/magpie/v1/stream', { signal, headers: last === '' ? {} : { 'Last-Event-ID': last } })
      pause = 500
      for await (const m of messages(answer)) {
        if (m.id !== '') last = m.id
        if (m.kind !== '') tell({ kind: m.kind, data: JSON.parse(m.data) })
      }
    } catch { /* the server is away, or starts anew */ }
    if (signal.aborted) return
    await new Promise((resolve) => setTimeout(resolve, pause))
    pause = Math.min(pause * 2, 15_000)
  }
}

/** The messages of an answer (WHATWG HTML §9.2.5, as far as the server uses it). */
async function * messages (answer: Response): AsyncGenerator<{ id: string, kind: string, data: string }> {
  if (answer.body === null) return
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    text += value
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const m = { id: '', kind: '', data: '' }
      for (const line of text.slice(0, end).split('\n')) {
        if (line.startsWith('id: ')) m.id = line.slice(4)
        else if (line.startsWith('event: ')) m.kind = line.slice(7)
        else if (line.startsWith('data: ')) m.data += line.slice(6)
      }
      text = text.slice(end + 2)
      yield m
    }
  }
}
