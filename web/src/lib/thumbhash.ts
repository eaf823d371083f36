// Reads a ThumbHash, the placeholder that the API gives of a picture: its
// lowest frequencies, four bits each (https://evanw.github.io/thumbhash/).

export interface Blur {
  width: number
  height: number
  rgba: Uint8ClampedArray<ArrayBuffer>
}

const side = 24 // pixels of the longer side; there is nothing finer to show

/** Gives the pixels of a ThumbHash in base64; undefined where it is not one. */
export function thumbHash (text: string): Blur | undefined {
  let b: number[]
  try {
    b = Array.from(atob(text), (c) => c.charCodeAt(0))
  } catch {
    return undefined
  }
  const at = (i: number): number => b[i] ?? 0
  if (b.length < 5) return undefined
  const first = at(0) | at(1) << 8 | at(2) << 16
  const second = at(3) | at(4) << 8
  const alpha = first >> 23 !== 0
  const landscape = second >> 15 !== 0
  const long = alpha ? 5 : 7
  const nx = Math.max(3, landscape ? long : second & 7)
  const ny = Math.max(3, landscape ? second & 7 : long)

  // The terms of the four channels follow each other.
  let next = (alpha ? 6 : 5) * 2
  const channel = (mean: number, scale: number, nx: number, ny: number): Channel => {
    const terms = [mean]
    for (let v = 0; v < ny; v++) {
      for (let u = v === 0 ? 1 : 0; u * ny < nx * (ny - v); u++) {
        const four = at(next >> 1) >> (next & 1) * 4 & 15
        terms.push((four / 7.5 - 1) * scale * 2)
        next++
      }
    }
    return { terms, nx, ny }
  }
  const light = channel((first & 63) / 63, (first >> 18 & 31) / 31, nx, ny)
  // What was cut off of colours is made up for a little.
  const yellow = channel((first >> 6 & 63) / 31.5 - 1, (second >> 3 & 63) / 63 * 1.25, 3, 3)
  const red = channel((first >> 12 & 63) / 31.5 - 1, (second >> 9 & 63) / 63 * 1.25, 3, 3)
  const opacity = alpha ? channel((at(5) & 15) / 15, (at(5) >> 4) / 15, 5, 5) : undefined

  const width = nx >= ny ? side : Math.max(1, Math.round(side * nx / ny))
  const height = nx >= ny ? Math.max(1, Math.round(side * ny / nx)) : side
  const rgba = new Uint8ClampedArray(4 * width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [(x + 0.5) / width, (y + 0.5) / height]
      const [l, p, q] = [value(light, u, v), value(yellow, u, v), value(red, u, v)]
      const blue = l - p * 2 / 3
      const r = (3 * l - blue + q) / 2
      rgba.set([255 * r, 255 * (r - q), 255 * blue, opacity === undefined ? 255 : 255 * value(opacity, u, v)], 4 * (y * width + x))
    }
  }
  return { width, height, rgba }
}

interface Channel { terms: number[], nx: number, ny: number }

/** A channel's value at a place, of which both numbers are from 0 to 1. */
function value (c: Channel, x: number, y: number): number {
  let sum = 0
  let i = 0
  for (let v = 0; v < c.ny; v++) {
    const down = Math.cos(Math.PI * v * y)
    for (let u = 0; u * c.ny < c.nx * (c.ny - v); u++) sum += (c.terms[i++] ?? 0) * Math.cos(Math.PI * u * x) * down
  }
  return sum
}
