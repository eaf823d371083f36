// What of the list may begin: by the limits, and by what the quota leaves.

import type { Item } from './item.svelte'
import { judge, suggest } from './kinds'
import { busy } from './machine'
import type { Limits, Storage } from './wire'

/** Suggests categories for what is ready, and says what is against it. Who was listed first has the room. */
export function weighAll (items: Item[], limits: Limits, storage: Storage | undefined): void {
  let room = storage?.quota == null ? Infinity : storage.quota - storage.used
  for (const i of items) {
    if (i.id !== '') continue // its room is reserved
    if (i.state !== 'ready') {
      if (busy(i.state) || i.state === 'paused') room -= i.size
      continue
    }
    if (!i.chosen) i.category = suggest(i.candidate, limits)
    i.problem = judge(i.candidate, limits)
    if (i.problem !== undefined) continue
    if (i.size > room) i.problem = { say: 'noRoom', fill: { size: i.size, room: Math.max(0, room) } }
    else room -= i.size
  }
}
