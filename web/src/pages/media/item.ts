// What the library's API says of media (GET /magpie/v1/media and …/{id}).

import { json } from '../../lib/api'

export type State = 'pending' | 'in_progress' | 'succeeded' | 'failed'
export type Kind = 'image' | 'video' | 'gif' | 'subtitle' | 'model'

/** A media as lists show it. */
export interface Item {
  id: string
  media_key: string
  category: string
  media_type: string
  state: State
  progress_percent: number
  error?: { code: number, name: string, message: string }
  bytes: number
  width?: number
  height?: number
  duration_ms?: number
  shared: boolean
  alt_text?: string
  upload_source?: string
  placeholder?: string
  preview_url?: string
  created_at: string
  expires_at?: string
  deleted_at?: string
  restorable_until?: string
  model?: Record<string, number | string | boolean>
}

export interface Rendition {
  name: string
  role: 'mp4' | 'master' | 'playlist' | 'poster' | 'image' | 'sprite' | 'thumbnails' | 'text' | 'model'
  content_type: string
  bytes: number
  width?: number
  height?: number
  bit_rate?: number
  url?: string // not there while the media is deleted, or past its content_expiration
}

export interface Subtitle {
  language: string
  display_name?: string
  media_id: string
  attached_at: string
}

/** Everything known of one media. */
export interface Detail extends Item {
  owner: string
  additional_owners: string[]
  updated_at: string
  attempts: { begun: number, lost: number, shown: number }
  original: { bytes: number, media_type: string, segments: number, path?: string }
  renditions: Rendition[]
  metadata: Record<string, unknown>
  subtitles: Subtitle[]
  used_by: Array<{ media_id: string, as: string }>
}

/** Reads everything about one media; a Refusal with status 404 where there is none of this user's. */
export async function read (id: string, signal?: AbortSignal): Promise<Detail> {
  return (await json<{ data: Detail }>('/magpie/v1/media/' + encodeURIComponent(id), { signal })).data
}

/** How a category's media are treated. */
export function kind (category: string): Kind {
  if (category === 'subtitles') return 'subtitle'
  if (category === 'model') return 'model'
  if (category.endsWith('_gif')) return 'gif'
  return category.endsWith('_video') ? 'video' : 'image'
}
