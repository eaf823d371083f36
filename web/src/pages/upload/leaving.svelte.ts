// What happens to the uploads when somebody leaves: the page, or the account.

import { untrack } from 'svelte'
import { session } from '../../lib/session.svelte'
import type { Item } from './item.svelte'
import { busy } from './machine'

/** Has the browser ask before it leaves the page as long as bytes go, and measures them meanwhile; and calls leave once nobody is signed in. */
export function attend (items: () => Item[], leave: () => void): void {
  $effect.root(() => {
    $effect(() => { if (session.now === undefined) untrack(leave) })
    const going = $derived(items().some((i) => busy(i.state)))
    $effect(() => {
      if (!going) return
      const hold = (e: Event): void => { e.preventDefault() }
      addEventListener('beforeunload', hold)
      const beat = setInterval(() => {
        for (const i of items()) if (i.state === 'sending') i.rate = i.meter.take(i.sent, Date.now())
      }, 500)
      return () => {
        removeEventListener('beforeunload', hold)
        clearInterval(beat)
      }
    })
  })
}
