// What happened to a media (GET /magpie/v1/media/{id}/history), and who changed
// its metadata (…/audit).

import { call, json } from '../../lib/api'
import type { Rendition } from './item'

export interface Happening {
  at: string
  event: string
  text: string // in English
  attempt?: number
  outcome?: string
  error?: { code: number, name: string, message: string }
  reason?: string
  took_ms?: number
  bytes?: number
  segments?: number
  renditions?: Rendition[]
  approximate?: boolean
}

export interface Change {
  at: string
  user: string
  client: string
  token: string
  group: string
  before: unknown
  after: unknown
}

export interface Trail { data: Change[], meta: { result_count: number, next_cursor?: string } }

/** The oldest first. */
export async function history (id: string): Promise<Happening[]> {
  return (await json<{ data: Happening[] }>(`/magpie/v1/media/${id}/history`)).data
}

/** A page of changes, the newest first. */
export async function trail (id: string, cursor = ''): Promise<Trail> {
  return await json<Trail>(`/magpie/v1/media/${id}/audit?limit=20${cursor === '' ? '' : '&cursor=' + cursor}`)
}

/** Fetches the exact upload, with the token that it takes, for the browser to save. */
export async function saveOriginal (path: string, name: string): Promise<void> {
  const url = URL.createObjectURL(await (await call(path)).blob())
  const a = document.createElement('a')
  a.href = url
  a.download = name
  a.click()
  setTimeout(() => { URL.revokeObjectURL(url) }, 60_000)
}
