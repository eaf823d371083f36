// What images look like that groups name by id.

import { SvelteMap } from 'svelte/reactivity'
import { json } from '../../../lib/api'
import type { Item } from '../item'

/** Images by id; null for what is none of this user's. */
export class Pictures {
  private readonly known = new SvelteMap<string, Item | null>()
  private readonly asked = new Set<string>()

  /** An image as far as it is known; asks for it where nobody has. */
  of (id: string): Item | null | undefined {
    if (!/^\d{18,19}$/.test(id)) return null // the server's ids are of that length; shorter ones are being typed
    if (!this.asked.has(id)) {
      this.asked.add(id)
      void json<{ data: Item }>('/magpie/v1/media/' + id).then((a) => a.data, () => null).then((item) => { this.known.set(id, item) })
    }
    return this.known.get(id)
  }
}
