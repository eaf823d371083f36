// What the library lists, as the page's address says it.

import type { Item, State } from '../media/item'

export const categories = ['tweet_image', 'tweet_video', 'tweet_gif', 'amplify_video', 'dm_image', 'dm_video', 'dm_gif', 'subtitles', 'model'] as const
export const states = ['pending', 'in_progress', 'succeeded', 'failed'] as const
export const types = [
  'image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/bmp', 'image/tiff', 'image/pjpeg',
  'video/mp4', 'video/quicktime', 'video/webm', 'video/mp2t', 'text/srt', 'text/vtt', 'model/gltf-binary', 'model/vnd.usdz+zip'
] as const

const names = ['q', 'category', 'state', 'media_type', 'deleted'] as const
export type Name = typeof names[number]
export type Filter = Partial<Record<Name, string>>

/** Reads what the address asks for. What is no filter is left out. */
export function filterOf (query: URLSearchParams): Filter {
  const f: Filter = {}
  for (const name of names) {
    const value = query.get(name)?.trim() ?? ''
    if (value !== '') f[name] = value.slice(0, 100)
  }
  if (f.deleted !== 'true') delete f.deleted
  return f
}

/** Writes a filter as a query, without what is not asked for; '' for none. */
export function queryOf (f: Filter): string {
  const q = new URLSearchParams()
  for (const name of names) if ((f[name] ?? '') !== '') q.set(name, f[name] ?? '')
  return q.toString()
}

/** The filter with one value changed; '' takes it away. */
export function changed (f: Filter, name: Name, value: string): Filter {
  return { ...f, [name]: value.trim() }
}

/** Whether a media is one of those asked for, as far as can be told here: what q finds, only the server knows. */
export function wanted (f: Filter, m: Item): boolean {
  return (m.deleted_at !== undefined) === (f.deleted === 'true') && (f.category ?? m.category) === m.category &&
    (f.state ?? m.state) === (m.state satisfies State) && (f.media_type ?? m.media_type) === m.media_type
}

/** Whether the first of two ids was given later. */
export function newer (a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length
}
