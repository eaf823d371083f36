// What becomes of an upload that was begun before the page was loaded.

import { Refusal } from '../../lib/api'
import type { Item } from './item.svelte'
import * as memory from './memory'
import type { Known } from './memory'
import * as wire from './wire'

/** Puts an upload into the state that it is in, and says what is to be done now: go on with it, or only follow how it is processed. open is whether the server has its session. */
export async function recall (k: Known, i: Item, open: boolean, signal: AbortSignal): Promise<'run' | 'follow' | undefined> {
  if (k.finalized || !open) return await ended(i) ? 'follow' : undefined
  if (!k.paused) return 'run'
  i.state = 'paused'
  await reread(i, signal)
  return undefined
}

/** Shows how much arrived before. */
export async function reread (i: Item, signal: AbortSignal): Promise<void> {
  const got = await wire.arrived(i.id, signal).catch(() => undefined) // it is asked again before it goes on
  i.sent = got?.received_bytes ?? 0
}

/** Reports whether a session that is not open any more has become a media. */
async function ended (i: Item): Promise<boolean> {
  try {
    await wire.stands(i.id)
    return true
  } catch (e) {
    if (!(e instanceof Refusal) || e.status !== 404) throw e
    await memory.drop(i.id)
    i.id = ''
    i.state = 'broken'
    i.problem = { say: 'expired' }
    return false
  }
}
