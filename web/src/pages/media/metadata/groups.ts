// The thirteen groups of metadata: what their forms hold, and how that becomes
// what the API takes. The limits are the server's.

import { count, isLong, isNumber } from './exact'
import { here, lastSecond, moment, wall } from './zones'
import { say } from './words'

export interface Sticker {
  id: string
  aspect_ratio: string
  group_annotation_id: string
  sticker_set_annotation_id: string
  transform_a: string
  transform_b: string
  transform_c: string
  transform_d: string
  transform_tx: string
  transform_ty: string
}

/** What each group's form holds. */
export interface Forms {
  alt_text: { text: string }
  sensitive_media_warning: { adult_content: boolean, graphic_violence: boolean, other: boolean }
  preview_image: { media: string }
  sticker_info: { stickers: Sticker[] }
  geo_restrictions: { whitelisted: string[], blacklisted: string[] }
  domain_restrictions: { hosts: string }
  audience_policy: { creator: boolean, x: boolean }
  content_expiration: { shown: string, zone: string }
  allow_download_status: { allow: '' | 'true' | 'false' }
  shared_info: { shared: boolean }
  found_media_origin: { provider: string, id: string }
  upload_source: { source: string }
  management_info: { managed: boolean }
}
export type Group = keyof Forms

/** What is wrong with a member of a group; field is its path below the group, '' for the whole. */
export interface Fault { field: string, words: string }

interface Rule<F> {
  read: (saved: any) => F // as the API has it, undefined where it is not set
  write: (form: F) => string // the JSON to send
  check?: (form: F) => Fault | undefined
  key?: (form: F) => unknown // what makes two forms the same
}

const numbers = ['aspect_ratio', 'transform_a', 'transform_b', 'transform_c', 'transform_d', 'transform_tx', 'transform_ty'] as const
const longs = ['group_annotation_id', 'sticker_set_annotation_id'] as const
export const blankSticker: Sticker = {
  id: '', aspect_ratio: '', group_annotation_id: '', sticker_set_annotation_id: '', transform_a: '', transform_b: '', transform_c: '', transform_d: '', transform_tx: '', transform_ty: ''
}
export const limits = { alt_text: 1000, provider: 8, origin: 24, source: 100, stickers: 25, sticker: 100, hosts: 100 }

export const rules: { [G in Group]: Rule<Forms[G]> } = {
  alt_text: {
    read: (s) => ({ text: s?.text ?? '' }),
    write: (f) => JSON.stringify(f),
    check: (f) => long('text', f.text, limits.alt_text)
  },
  sensitive_media_warning: {
    read: (s) => ({ adult_content: s?.adult_content === true, graphic_violence: s?.graphic_violence === true, other: s?.other === true }),
    write: (f) => JSON.stringify(f)
  },
  preview_image: {
    read: (s) => ({ media: s?.media_key.media ?? '' }),
    write: (f) => JSON.stringify({ media_key: { media: f.media.trim(), media_category: 'TweetImage' } }),
    check: (f) => /^\d{1,19}$/.test(f.media.trim()) ? undefined : { field: 'media_key.media', words: say('badMedia') }
  },
  sticker_info: {
    read: (s) => ({ stickers: (s?.stickers ?? []).map((one: object) => ({ ...blankSticker, ...Object.fromEntries(Object.entries(one).map(([k, v]) => [k, String(v)])) })) }),
    write: (f) => `{"stickers":[${f.stickers.map(writeSticker).join()}]}`,
    check: checkStickers
  },
  geo_restrictions: {
    read: (s) => ({ whitelisted: codes(s?.whitelisted_country_codes), blacklisted: codes(s?.blacklisted_country_codes) }),
    write: (f) => JSON.stringify({ whitelisted_country_codes: f.whitelisted, blacklisted_country_codes: f.blacklisted })
  },
  domain_restrictions: {
    read: (s) => ({ hosts: (s?.whitelist ?? []).join('\n') }),
    write: (f) => JSON.stringify({ whitelist: hosts(f.hosts) }),
    check: checkHosts
  },
  audience_policy: {
    read: (s) => ({ creator: (s?.creator_subscriptions ?? []).length > 0, x: (s?.x_subscriptions ?? []).length > 0 }),
    write: (f) => JSON.stringify({ creator_subscriptions: f.creator ? ['Any'] : [], x_subscriptions: f.x ? ['Any'] : [] })
  },
  content_expiration: {
    read: (s) => s === undefined ? { shown: '', zone: here() } : { shown: wall(Number(s.timestamp_sec), here()), zone: here() },
    write: (f) => `{"timestamp_sec":${moment(f.shown, f.zone)}}`,
    check: (f) => {
      const at = moment(f.shown, f.zone)
      if (at === undefined || at <= 0) return { field: 'timestamp_sec', words: say('badTime') }
      return at > lastSecond ? { field: 'timestamp_sec', words: say('lateTime') } : undefined
    },
    key: (f) => f.shown === '' ? '' : moment(f.shown, f.zone)
  },
  allow_download_status: {
    read: (s) => ({ allow: s?.allow_download === undefined ? '' : s.allow_download ? 'true' : 'false' }),
    write: (f) => f.allow === '' ? '{}' : `{"allow_download":${f.allow}}`
  },
  shared_info: {
    read: (s) => ({ shared: s?.shared === true }),
    write: (f) => JSON.stringify(f)
  },
  found_media_origin: {
    read: (s) => ({ provider: s?.provider ?? '', id: s?.id ?? '' }),
    write: (f) => JSON.stringify(f),
    check: (f) => long('provider', f.provider, limits.provider) ?? long('id', f.id, limits.origin)
  },
  upload_source: {
    read: (s) => ({ source: s?.upload_source ?? '' }),
    write: (f) => JSON.stringify({ upload_source: f.source }),
    check: (f) => long('upload_source', f.source, limits.source)
  },
  management_info: {
    read: (s) => ({ managed: s?.managed === true }),
    write: (f) => JSON.stringify(f)
  }
}
export const groups = Object.keys(rules) as Group[]

/** Whether two forms of a group say the same. */
export function same<G extends Group> (group: G, a: Forms[G], b: Forms[G]): boolean {
  const key = rules[group].key ?? ((f) => f)
  return JSON.stringify(key(a)) === JSON.stringify(key(b))
}

function long (field: string, text: string, limit: number): Fault | undefined {
  return count(text) > limit ? { field, words: say('tooLong', { limit, count: count(text) }) } : undefined
}

function codes (list: string[] = []): string[] {
  return [...new Set(list.map((c) => c.toUpperCase()))]
}

/** The hosts of a text with one a line. What isn't written in ASCII gets its xn-- form, which is what browsers send. */
export function hosts (text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '').map((line) => {
    if (/^[\x21-\x7e]*$/.test(line)) return line.toLowerCase().replace(/\.$/, '')
    try {
      return new URL('http://' + line).host
    } catch {
      return line
    }
  })
}

function checkHosts (f: Forms['domain_restrictions']): Fault | undefined {
  const list = hosts(f.hosts)
  if (list.length > limits.hosts) return { field: 'whitelist', words: say('tooMany', { limit: limits.hosts, count: list.length }) }
  const bad = list.findIndex((h) => h.length > 253 || !/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(h))
  return bad < 0 ? undefined : { field: `whitelist[${bad}]`, words: say('badHost', { host: list[bad] ?? '' }) }
}

function checkStickers (f: Forms['sticker_info']): Fault | undefined {
  if (f.stickers.length === 0) return { field: 'stickers', words: say('noStickers') }
  if (f.stickers.length > limits.stickers) return { field: 'stickers', words: say('tooMany', { limit: limits.stickers, count: f.stickers.length }) }
  for (const [i, s] of f.stickers.entries()) {
    const at = `stickers[${i}].`
    const wrong = long(at + 'id', s.id, limits.sticker)
    if (wrong !== undefined) return wrong
    for (const n of numbers) if (s[n] !== '' && !isNumber(s[n])) return { field: at + n, words: say('badNumber', { what: say(n), value: s[n] }) }
    for (const n of longs) if (s[n] !== '' && !isLong(s[n])) return { field: at + n, words: say('badLong', { what: say(n), value: s[n] }) }
  }
}

/** A sticker with its numbers as they were typed: JavaScript's would lose digits. */
function writeSticker (s: Sticker): string {
  const members = s.id === '' ? [] : [`"id":${JSON.stringify(s.id)}`]
  for (const n of [...numbers, ...longs]) if (s[n] !== '') members.push(`"${n}":${s[n]}`)
  return `{${members.join()}}`
}
