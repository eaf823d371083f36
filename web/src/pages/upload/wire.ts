// What this page says to the server.

import { Away, bearer, call, json, refusal } from '../../lib/api'
import { refused } from '../../lib/session.svelte'

export interface Limit {
  media_category: string
  max_bytes: number
  min_seconds?: number
  max_seconds?: number
}

export interface Limits {
  segment_bytes: number
  max_segments: number
  types: Array<{ media_type: string, media_categories: string[], default_category: string }>
  categories: Limit[]
}

export interface Storage { used: number, quota: number | null }

/** An upload that is not finished. */
export interface Session {
  id: string
  total_bytes?: number
  category?: string
  created_at: string
}

export interface Segment { segment_index: number, bytes: number, crc32c: string }
export interface Arrived extends Session { state: 'open' | 'closing' | 'closed', received_bytes: number, segments: Segment[] }
export interface Stands { state: string, progress_percent: number, error?: { message: string } }

interface Data<T> { data: T }

export const limits = async (): Promise<Limits> => (await json<Data<Limits>>('/magpie/v1/limits')).data
export const storage = async (): Promise<Storage> => (await json<Data<Storage>>('/magpie/v1/storage')).data
export const stands = async (id: string): Promise<Stands> => (await json<Data<Stands>>('/magpie/v1/media/' + id)).data

/** One's own uploads that are not finished, the newest first. */
export async function sessions (): Promise<Session[]> {
  const all: Session[] = []
  let cursor: string | undefined = ''
  while (cursor !== undefined) {
    const page: { data: Session[], meta: { next_cursor?: string } } =
      await json('/magpie/v1/uploads?limit=100' + (cursor === '' ? '' : '&cursor=' + encodeURIComponent(cursor)))
    all.push(...page.data)
    cursor = page.meta.next_cursor
  }
  return all
}

/** Opens a session and gives its id. */
export async function initialize (size: number, type: string, category: string, signal: AbortSignal): Promise<string> {
  const body: Record<string, unknown> = { total_bytes: size }
  if (type !== '') body.media_type = type
  if (category !== '') body.media_category = category
  return (await json<Data<{ id: string }>>('/2/media/upload/initialize', { json: body, signal })).data.id
}

export async function arrived (id: string, signal: AbortSignal): Promise<Arrived> {
  return (await json<Data<Arrived>>('/magpie/v1/uploads/' + id, { signal })).data
}

/** Makes a media of what was sent; true where it is processed for a while now. */
export async function finalize (id: string, signal: AbortSignal): Promise<boolean> {
  const answer = await json<Data<{ processing_info?: { state: string } }>>(`/2/media/upload/${id}/finalize`, { method: 'POST', signal })
  const info = answer.data.processing_info
  return info !== undefined && info.state !== 'succeeded'
}

/** Ends an upload that is not finished; one that has ended already is no error. */
export async function abort (id: string): Promise<void> {
  await call('/magpie/v1/uploads/' + id, { method: 'DELETE' })
}

/** Sends a segment, and tells how many of its bytes are on their way. */
export async function append (id: string, index: number, part: Blob, moved: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  for (let again = false; ; again = true) {
    const token = await bearer()
    signal.throwIfAborted()
    const answer = await post(`/2/media/upload/${id}/append`, token, index, part, moved, signal)
    if (answer.ok) return
    if (answer.status === 401 && !again) {
      refused(token)
      continue
    }
    throw await refusal(answer)
  }
}

const stall = 120_000 // milliseconds that a request may make no progress

// XMLHttpRequest tells how far a body is; fetch doesn't.
async function post (path: string, token: string, index: number, part: Blob, moved: (bytes: number) => void, signal: AbortSignal): Promise<Response> {
  const form = new FormData()
  form.append('segment_index', String(index))
  form.append('media', part, 'segment')
  return await new Promise<Response>((resolve, reject) => {
    const x = new XMLHttpRequest()
    const stop = (): void => { x.abort() }
    let watch = setTimeout(stop, stall)
    const end = (then: () => void) => () => {
      clearTimeout(watch)
      signal.removeEventListener('abort', stop)
      then()
    }
    x.open('POST', path)
    x.setRequestHeader('Authorization', 'Bearer ' + token)
    x.upload.onprogress = (e) => {
      clearTimeout(watch)
      watch = setTimeout(stop, stall)
      moved(Math.min(part.size, e.loaded))
    }
    x.onload = end(() => {
      const after = x.getResponseHeader('Retry-After')
      resolve(new Response(x.responseText, { status: x.status, statusText: x.statusText, headers: after === null ? {} : { 'Retry-After': after } }))
    })
    x.onerror = x.onabort = end(() => { reject(signal.aborted ? signal.reason : new Away('The server gives no answer.')) })
    signal.addEventListener('abort', stop, { once: true })
    x.send(form)
  })
}
