// Calls of the server's API: X's under /2, magpie's own under /magpie/v1.

import { say } from '../words'
import { accessToken, refused, SignedOut } from './session.svelte'

/** What the server refused, in its own words. */
export class Refusal extends Error {
  constructor (readonly status: number, words: string, readonly retryAfter: number) { super(words) }
}

/** The server gave no answer: it is away, or the network is. */
export class Away extends Error {}

export interface Options {
  method?: string
  json?: unknown
  body?: BodyInit
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** A token for a call. Where there is none just now, that is as with any call that gets no answer. */
export async function bearer (): Promise<string> {
  try {
    return await accessToken()
  } catch (e) {
    if (e instanceof SignedOut) throw e
    throw new Away('The server gives no answer.')
  }
}

/** Calls the API with the token of who is signed in; any status but 2xx is a Refusal. */
export async function call (path: string, o: Options = {}): Promise<Response> {
  for (let again = false; ; again = true) {
    const token = await bearer()
    const headers: Record<string, string> = { ...o.headers, Authorization: 'Bearer ' + token }
    if (o.json !== undefined) headers['Content-Type'] = 'application/json'
    let answer: Response
    try {
      answer = await fetch(path, {
        method: o.method ?? (o.json === undefined && o.body === undefined ? 'GET' : 'POST'),
        headers,
        body: o.json === undefined ? o.body : JSON.stringify(o.json),
        signal: o.signal
      })
    } catch (e) {
      if (o.signal?.aborted) throw e
      throw new Away('The server gives no answer.')
    }
    if (answer.ok) return answer
    if (answer.status === 401 && !again) {
      refused(token)
      continue
    }
    throw await refusal(answer)
  }
}

/** Reads an answer that is a refusal. */
export async function refusal (answer: Response): Promise<Refusal> {
  return new Refusal(answer.status, await words(answer), Number(answer.headers.get('Retry-After') ?? 0) || 0)
}

/** Calls the API and reads the answer's JSON. */
export async function json<T> (path: string, o: Options = {}): Promise<T> {
  const answer = await call(path, o)
  return await (answer.status === 204 ? undefined : answer.json()) as T
}

/** What a refusal says, in any of the shapes that the API has. */
async function words (answer: Response): Promise<string> {
  try {
    const b = await answer.json()
    const e = b.errors?.[0] ?? b
    return e.message ?? e.detail ?? e.title ?? answer.statusText
  } catch {
    return `${answer.status} ${answer.statusText}`
  }
}

/** What an error says to a person. */
export function said (e: unknown): string {
  if (e instanceof Away) return say('away')
  if (e instanceof SignedOut) return say('signedOut')
  return e instanceof Error ? e.message : String(e)
}

/** A page of a list. */
export interface Page<T> {
  data: T[]
  meta: { result_count: number, next_token?: string }
}
