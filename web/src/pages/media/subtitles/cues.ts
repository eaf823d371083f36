// The lines of a subtitle file, to be looked at: SRT or WebVTT as the server
// takes them. It is the server that says what is wrong with one.

export interface Cue { from: number, to: number, text: string }

const time = String.raw`(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})`
const timing = new RegExp(`^\\s*${time}\\s+-->\\s+${time}`)

/** Reads what can be read. */
export function cues (text: string): Cue[] {
  const out: Cue[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  for (let i = 0; i < lines.length; i++) {
    const t = timing.exec(lines[i] ?? '')
    if (t === null) continue
    const said: string[] = []
    while (i + 1 < lines.length && lines[i + 1]?.trim() !== '') said.push(lines[++i] ?? '')
    out.push({ from: seconds(t, 1), to: seconds(t, 5), text: plain(said.join('\n')) })
  }
  return out
}

function seconds (t: RegExpExecArray, i: number): number {
  return Number(t[i] ?? 0) * 3600 + Number(t[i + 1]) * 60 + Number(t[i + 2]) + Number((t[i + 3] ?? '').padEnd(3, '0')) / 1000
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', nbsp: '\u00A0', lrm: '\u200E', rlm: '\u200F' }

/** A text without its markup. */
function plain (s: string): string {
  return s.replace(/<[^>]*>/g, '').replace(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole)
}
