// CRC-32C, by which the server names the segments that it has (RFC 9260,
// appendix A). Eight bytes are taken at once, or a film would take minutes.

const tables = make()

function make (): Uint32Array[] {
  const all = Array.from({ length: 8 }, () => new Uint32Array(256))
  const first = all[0] as Uint32Array
  for (let i = 0; i < 256; i++) {
    let c = i
    for (let k = 0; k < 8; k++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1
    first[i] = c
  }
  for (let t = 1; t < 8; t++) {
    const before = all[t - 1] as Uint32Array
    for (let i = 0; i < 256; i++) {
      const c = before[i] as number
      ;(all[t] as Uint32Array)[i] = (c >>> 8) ^ (first[c & 255] as number)
    }
  }
  return all
}

/** Goes on with a checksum; begin with 0. */
export function crc32c (bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  const at = (t: Uint32Array, i: number): number => t[i & 255] as number
  const b = (i: number): number => bytes[i] as number
  let c = ~before
  let i = 0
  for (; i + 8 <= bytes.length; i += 8) {
    c ^= b(i) | b(i + 1) << 8 | b(i + 2) << 16 | b(i + 3) << 24
    c = at(t7, c) ^ at(t6, c >>> 8) ^ at(t5, c >>> 16) ^ at(t4, c >>> 24) ^ at(t3, b(i + 4)) ^ at(t2, b(i + 5)) ^ at(t1, b(i + 6)) ^ at(t0, b(i + 7))
  }
  for (; i < bytes.length; i++) c = (c >>> 8) ^ at(t0, c ^ b(i))
  return ~c >>> 0
}

/** The checksum of a part of a file, as the server writes it. Little of it is in memory at once. */
export async function checksum (part: Blob, signal: AbortSignal): Promise<string> {
  const step = 1 << 20
  let c = 0
  for (let from = 0; from < part.size; from += step) {
    signal.throwIfAborted()
    c = crc32c(new Uint8Array(await part.slice(from, from + step).arrayBuffer()), c)
  }
  return c.toString(16).padStart(8, '0')
}
