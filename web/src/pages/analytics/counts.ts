// What was counted of media that are played (GET /magpie/v1/analytics).

import { json } from '../../lib/api'
import type { Item } from '../media/item'

export const names = [
  'video_views', 'playback_start', 'playback25', 'playback50', 'playback75', 'playback_complete',
  'watch_time_ms', 'play_from_tap', 'cta_url_clicks', 'cta_watch_clicks'
] as const

export type Metric = typeof names[number]
export type Counts = Record<Metric, number>

/** What was counted in an hour of UTC. */
export interface Hour { timestamp: string, metrics: Counts }

/** A media and what was counted of it. */
export interface Played { media: Item, metrics: Counts }

export function none (): Counts {
  return Object.fromEntries(names.map((n) => [n, 0])) as Counts
}

/** Adds more to a sum. */
export function add (sum: Counts, more: Counts): void {
  for (const n of names) sum[n] += more[n]
}

function times (start: Date, end: Date): string {
  return `start_time=${encodeURIComponent(start.toISOString())}&end_time=${encodeURIComponent(end.toISOString())}`
}

/** The hours of a period in which something was counted: of one media, or of all for ''. */
export async function hours (start: Date, end: Date, key: string, signal: AbortSignal): Promise<Hour[]> {
  const only = key === '' ? '' : '&media_keys=' + encodeURIComponent(key)
  const answer = await json<{ data: { steps: Hour[] } }>(`/magpie/v1/analytics?granularity=hour&${times(start, end)}${only}`, { signal })
  return answer.data.steps
}

/** The media that were viewed most in a period. */
export async function top (start: Date, end: Date, signal: AbortSignal): Promise<Played[]> {
  return (await json<{ data: Played[] }>(`/magpie/v1/analytics/top?limit=10&${times(start, end)}`, { signal })).data
}

/** One media, as the library knows it. */
export async function media (id: string, signal: AbortSignal): Promise<Item> {
  return (await json<{ data: Item }>('/magpie/v1/media/' + encodeURIComponent(id), { signal })).data
}
