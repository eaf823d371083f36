// Where in the grid each media lies, and which of them are near what is seen.

export interface Grid {
  columns: number
  width: number // of one card, in pixels
  rowHeight: number // a card and the gap below it
  gap: number
}

const gap = 16
const words = 92 // pixels of the lines below the picture

/** The grid that fits a width: as many cards of 200 pixels or more as there is room for, but two on a phone. */
export function gridOf (width: number): Grid {
  const narrow = width < 520
  const columns = Math.max(narrow ? 2 : 1, Math.floor((width + gap) / (200 + gap)))
  const card = Math.max(80, (width - gap * (columns - 1)) / columns)
  return { columns, width: card, rowHeight: Math.round(card * 0.75) + words + gap, gap }
}

/** The pixels that so many media take. */
export function heightOf (g: Grid, count: number): number {
  return Math.max(0, Math.ceil(count / g.columns) * g.rowHeight - g.gap)
}

/** Where the media of a number lies, from the grid's upper left corner. */
export function placeOf (g: Grid, i: number): { x: number, y: number } {
  return { x: (i % g.columns) * (g.width + g.gap), y: Math.floor(i / g.columns) * g.rowHeight }
}

/** The numbers, from the first to before the last, of those that are seen between two heights or lie within two rows of it. */
export function near (g: Grid, count: number, from: number, to: number): { first: number, end: number } {
  const spare = 2
  const first = Math.max(0, Math.floor(from / g.rowHeight) - spare) * g.columns
  const end = (Math.ceil(to / g.rowHeight) + spare) * g.columns
  return { first: Math.min(first, count), end: Math.max(0, Math.min(end, count)) }
}
