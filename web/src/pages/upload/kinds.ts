// What a file is taken for, and what the server would refuse it for.

import type { Limits } from './wire'

/** What is wrong in words of the page, or of the server. */
export type Problem = { say: string, fill?: Record<string, string | number> } | { words: string }

const extensions: Record<string, string> = {
  mp4: 'video/mp4', m4v: 'video/mp4', webm: 'video/webm', ts: 'video/mp2t', mts: 'video/mp2t', m2ts: 'video/mp2t', mov: 'video/quicktime', qt: 'video/quicktime',
  srt: 'text/srt', vtt: 'text/vtt', jpg: 'image/jpeg', jpeg: 'image/jpeg', jfif: 'image/jpeg', gif: 'image/gif', bmp: 'image/bmp', png: 'image/png',
  webp: 'image/webp', tif: 'image/tiff', tiff: 'image/tiff', glb: 'model/gltf-binary', usdz: 'model/vnd.usdz+zip'
}

/** The type by a file's name, else what the browser says it is; '' is for the server to find out. */
export function typeOf (name: string, said: string): string {
  const dot = name.lastIndexOf('.')
  return extensions[dot < 0 ? '' : name.slice(dot + 1).toLowerCase()] ?? said
}

export interface Candidate {
  name: string
  size: number
  type: string
  category: string
  seconds?: number // how long it plays, where the browser could tell
}

/** The categories that can be chosen for a type. */
export function choices (type: string, l: Limits): string[] {
  return l.types.find((t) => t.media_type === type)?.media_categories ?? []
}

/** The usual category of the type, or for a video that is too long or large for it the one for long videos. */
export function suggest (c: Candidate, l: Limits): string {
  const all = choices(c.type, l)
  const fits = (name: string): boolean => all.includes(name) && judge({ ...c, category: name }, l) === undefined
  const usual = all[0] ?? ''
  return !fits(usual) && fits('amplify_video') ? 'amplify_video' : usual
}

/** Why a file can't be uploaded as it is; undefined where nothing is known against it. */
export function judge (c: Candidate, l: Limits): Problem | undefined {
  if (c.size === 0) return { say: 'empty' }
  const type = l.types.find((t) => t.media_type === c.type)
  if (c.type !== '' && type === undefined) return { say: 'notTaken', fill: { type: c.type } }
  const name = c.category !== '' ? c.category : type?.default_category
  const limit = l.categories.find((x) => x.media_category === name)
  const most = Math.min(
    limit?.max_bytes ?? Math.max(...l.categories.map((x) => x.max_bytes)),
    l.segment_bytes * l.max_segments
  )
  if (c.size > most) return { say: 'tooLarge', fill: { size: c.size, most } }
  if (c.seconds !== undefined && limit !== undefined) {
    const { min_seconds: least = 0, max_seconds: longest = Infinity } = limit
    if (c.seconds > longest + 1) return { say: 'tooLong', fill: { long: c.seconds, longest } } // browsers round
    if (c.seconds < least - 0.1) return { say: 'tooShort', fill: { least } }
  }
  return undefined
}
