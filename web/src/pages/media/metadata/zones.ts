// Moments as clocks of some zone show them, and back. The browser knows the
// zones; only this direction and the other are missing there.

/** The last second that the API takes: the end of the year 9999. */
export const lastSecond = 253402300799

/** The reader's zone. */
export function here (): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** All zones, by name. */
export function zones (): string[] {
  return [...new Set(['UTC', here(), ...Intl.supportedValuesOf('timeZone')])].sort()
}

/** What a clock in the zone shows, as an <input type="datetime-local"> has it. */
export function wall (seconds: number, zone: string): string {
  const at: Record<string, string> = {}
  const form = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit'
  })
  for (const p of form.formatToParts(seconds * 1000)) at[p.type] = p.value
  const text = `${at.year?.padStart(4, '0')}-${at.month}-${at.day}T${at.hour}:${at.minute}`
  return at.second === '00' ? text : `${text}:${at.second}`
}

/**
 * The moment at which a clock in the zone shows that, in seconds since 1970;
 * undefined for what is no date. What clocks leave out in spring is taken as an
 * hour later, and what they show twice in autumn as the first time.
 */
export function moment (shown: string, zone: string): number | undefined {
  const year = /^(\d+)-/.exec(shown)?.[1]
  if (year !== undefined && Number(year) > 9999) return lastSecond + 1
  const utc = asUTC(shown)
  if (utc === undefined) return undefined
  // Where clocks are changed about then, it is what they were before, or what they are after.
  const [before, after] = [-86400, 86400].map((day) => utc - ahead(utc + day, zone)) as [number, number]
  return before !== after && asUTC(wall(before, zone)) !== utc && asUTC(wall(after, zone)) === utc ? after : before
}

/** By how many seconds clocks in the zone are ahead of UTC. */
function ahead (seconds: number, zone: string): number {
  return (asUTC(wall(seconds, zone)) ?? seconds) - seconds
}

function asUTC (shown: string): number | undefined {
  const ms = Date.parse((shown.length === 16 ? shown + ':00' : shown) + 'Z')
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}
