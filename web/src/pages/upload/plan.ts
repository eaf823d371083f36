// How a file is cut into segments: all of one size but the last.

const usual = 4 << 20

/** The bytes of a segment; undefined where the file is too large for any. */
export function stepFor (size: number, most: number, segments: number): number | undefined {
  const step = Math.max(Math.min(usual, most), Math.ceil(size / segments))
  return step <= most ? step : undefined
}

/** How many segments a file has. */
export function count (size: number, step: number): number {
  return Math.ceil(size / step)
}

/** Where a segment begins and ends. */
export function range (index: number, size: number, step: number): { from: number, to: number } {
  return { from: index * step, to: Math.min(size, (index + 1) * step) }
}
