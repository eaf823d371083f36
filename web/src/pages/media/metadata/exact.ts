// JSON whose numbers are kept as they were written: ids of annotations are
// larger than what a number of JavaScript holds.

/** Reads JSON; each number in it becomes the text by which it was written. */
export function exact (text: string): unknown {
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (t) => t.startsWith('"') ? t : `"${t}"`))
}

/** Whether a text is a JSON number that the API takes: of at most 40 characters, within a double. */
export function isNumber (s: string): boolean {
  return s.length <= 40 && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(s) && Number.isFinite(Number(s))
}

/** Whether a text is a whole number of 64 bits. */
export function isLong (s: string): boolean {
  return /^-?(0|[1-9]\d*)$/.test(s) && s.length <= 20 && BigInt.asIntN(64, BigInt(s)) === BigInt(s)
}

/** How many characters a text has, as the server counts them: code points. */
export function count (s: string): number {
  let n = 0
  for (const _ of s) n++
  return n
}
