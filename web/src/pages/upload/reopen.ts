// A file that was chosen before the page was loaded.

import type { Item } from './item.svelte'
import type { Handle } from './memory'

/** Reads the file again by its handle, if there is one and the browser lets it. ask is whether it may ask the person, who has just acted. */
export async function reopen (i: Item, ask: boolean): Promise<boolean> {
  const { handle } = i
  if (handle === undefined || !await allowed(handle, ask)) return false
  try {
    if (i.take(await handle.getFile(), handle)) return true
    i.problem = { say: 'changedSince' }
  } catch {
    i.problem = { say: 'unreadable' }
  }
  return false
}

async function allowed (handle: Handle, ask: boolean): Promise<boolean> {
  const o = { mode: 'read' as const }
  try {
    if ((await handle.queryPermission?.(o) ?? 'granted') === 'granted') return true
    return ask && await handle.requestPermission?.(o) === 'granted'
  } catch {
    return false
  }
}
