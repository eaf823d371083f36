// How long ago something was, in the chosen language.

import { chosen } from '../../lib/words.svelte'

/** "5 minutes ago", of a moment as the API gives it. */
export function age (iso: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000)
  const words = new Intl.RelativeTimeFormat(chosen.language, { numeric: 'auto' })
  if (seconds < 60) return words.format(-Math.round(seconds), 'second')
  if (seconds < 3600) return words.format(-Math.round(seconds / 60), 'minute')
  if (seconds < 86_400) return words.format(-Math.round(seconds / 3600), 'hour')
  return words.format(-Math.round(seconds / 86_400), 'day')
}
