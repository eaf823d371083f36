// Who is signed in. The server keeps what a sign-in is worth in a cookie that
// scripts can't read; a script gets access tokens of a short life for it, and
// keeps them in memory only.

import { holds } from './router.svelte'

export interface Session {
  user: string
  username: string
  scopes: string[]
  admin: boolean
}

interface Answer extends Session {
  access_token: string
  expires_in: number // seconds
}

let token = ''
let renewAt = 0 // when a new token is asked for, in milliseconds since 1970
let asking: Promise<boolean> | undefined

class State {
  now: Session | undefined = $state.raw()
  over = $state(false) // now is signed out, and the page stays as it is for what is not saved
}

/** Who is signed in, once begin() was true. */
export const session = new State()

/** Nobody is signed in any more, and the page waits for it. */
export class SignedOut extends Error {}

/** Asks the server who is signed in; false where nobody is. */
export function begin (): Promise<boolean> {
  asking ??= ask().finally(() => { asking = undefined })
  return asking
}

async function ask (): Promise<boolean> {
  const answer = await fetch('/console/session', { method: 'POST' })
  if (answer.status === 401) {
    token = ''
    session.over = session.now !== undefined && holds()
    if (!session.over) session.now = undefined
    return false
  }
  if (!answer.ok) throw new Error(`the server answered ${answer.status} when it was asked who is signed in`)
  const a = await answer.json() as Answer
  if (session.now !== undefined && session.now.user !== a.user) {
    // Somebody else has signed in, in another tab: nothing of this page is theirs, and nothing of it may be sent as theirs.
    location.reload()
    throw new Error('somebody else is signed in')
  }
  token = a.access_token
  renewAt = Date.now() + a.expires_in * 500
  session.over = false
  session.now = { user: a.user, username: a.username, scopes: a.scopes, admin: a.admin }
  return true
}

/** An access token that is good for a while. Where nobody is signed in any more it goes to the sign-in, or throws SignedOut where something would be lost by that. */
export async function accessToken (): Promise<string> {
  if ((token === '' || Date.now() > renewAt) && !await begin()) {
    if (session.over) throw new SignedOut()
    signIn()
  }
  return token
}

/** Drops a token that the server refused, so that the next one is a new one. */
export function refused (old: string): void {
  if (token === old) token = ''
}

/** Leaves the page to sign in, and comes back to it. */
export function signIn (): void {
  location.assign('/console/sign-in?to=' + encodeURIComponent(location.pathname + location.search))
}

/** Signs out here and everywhere that this sign-in was good for; false where the server didn't say that it did. */
export async function signOut (): Promise<boolean> {
  const answer = await fetch('/console/session', { method: 'DELETE' }).catch(() => undefined)
  if (answer?.ok !== true) return false
  token = ''
  session.over = false
  session.now = undefined
  return true
}
