// The small stills that are shown while one looks for a place in a video: cues
// of a WebVTT track, each naming a part of a sheet of stills.

export interface Still {
  from: number // seconds
  to: number
  url: string
  x: number // pixels
  y: number
  width: number
  height: number
}

const cue = /^(\d+):(\d\d):(\d\d\.\d{3}) --> (\d+):(\d\d):(\d\d\.\d{3})\s*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm

/** Reads the track at a URL; sheets are named from there. */
export function stills (track: string, base: string): Still[] {
  return Array.from(track.matchAll(cue), (m) => {
    const n = m.map(Number)
    const at = (i: number): number => (n[i] ?? 0) * 3600 + (n[i + 1] ?? 0) * 60 + (n[i + 2] ?? 0)
    return { from: at(1), to: at(4), url: new URL(m[7] ?? '', base).href, x: n[8] ?? 0, y: n[9] ?? 0, width: n[10] ?? 0, height: n[11] ?? 0 }
  })
}

/** The still of a moment. */
export function stillAt (list: Still[], seconds: number): Still | undefined {
  return list.find((s) => seconds < s.to) ?? list.at(-1)
}
