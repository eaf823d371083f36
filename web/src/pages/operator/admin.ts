// What operators see, as GET /magpie/v1/admin/… answers it.

import { call, json } from '../../lib/api'

export interface Named { user: string, username?: string }

export type JobState = 'waiting' | 'running' | 'failed' | 'given_up'

export interface Job extends Named {
  id: string
  state: JobState
  category: string
  media_type: string
  bytes: number
  progress_percent: number
  attempts: number
  error?: { name: string, message: string }
  redo: boolean
  since: string
}

export interface Stored extends Named {
  used: number
  originals: number
  renditions: number
  uploads: number
  media_count: number
  quota: number | null
  own_quota: boolean
}

export type Verdict = 'good' | 'weak' | 'bad'

export interface Finding { verdict: Verdict, words: string, advice?: string }

export interface Engine { name: string, verdict: Verdict, latency_ms?: number, findings: Finding[] }

export interface Engines { data: Engine[], meta: { node: string, version: string, at: string } }

export interface Uploading extends Named {
  id: string
  state: 'open' | 'closing'
  dialect: 'segments' | 'tus'
  total_bytes?: number
  received_bytes?: number
  media_type?: string
  created_at: string
  expires_at: string
  node?: string
}

export interface Setting { name: string, value: string, hidden: boolean, from: 'flag' | 'environment' | 'file' | 'default', variable?: string, help: string }

export interface Token extends Named {
  id: string
  label: string
  scopes: string[]
  app_only: boolean
  client_name?: string
  state: 'valid' | 'expired' | 'revoked'
  created_at: string
  expires_at?: string
}

export interface Client extends Named {
  id: string
  name: string
  public: boolean
  read_only: boolean
  redirect_uris: string[]
  built_in: boolean
  state: 'valid' | 'revoked'
  created_at: string
}

export interface Account extends Named {
  username: string
  admin: boolean
  used: number
  quota: number | null
  created_at: string
}

export interface Answer<T> {
  data: T[]
  meta: { result_count: number, next_cursor?: string, counts?: Record<JobState, number> }
}

const base = '/magpie/v1/admin/'

/** Reads one page of a list; query is what it is asked with besides. */
export async function page<T> (list: string, query: Record<string, string>, limit: number, cursor: string, signal?: AbortSignal): Promise<Answer<T>> {
  const all = new URLSearchParams({ ...query, limit: String(limit) })
  if (cursor !== '') all.set('cursor', cursor)
  return await json<Answer<T>>(`${base}${list}?${all}`, { signal })
}

export async function engines (signal?: AbortSignal): Promise<Engines> {
  return await json<Engines>(base + 'engines', { signal })
}

export async function settings (): Promise<Setting[]> {
  return (await json<{ data: Setting[] }>(base + 'settings')).data
}

export async function requeue (id: string): Promise<void> {
  await call(`${base}jobs/${encodeURIComponent(id)}/requeue`, { method: 'POST' })
}

export async function revoke (list: 'tokens' | 'clients', id: string): Promise<void> {
  await call(`${base}${list}/${encodeURIComponent(id)}`, { method: 'DELETE' })
}
