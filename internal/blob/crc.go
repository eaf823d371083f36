package blob

import "hash/crc32"

// joinCRC gives the CRC-32C of two pieces that follow each other from their own,
// the second being n bytes long: the first is moved on by as many bytes of
// zeros, which is a multiplication by x to the power of 8n.
func joinCRC(first, second uint32, n int64) uint32 {
	factor := uint32(1) << 31 // x to the power of 0; the highest bit is the lowest power
	power := uint32(1) << 23  // x to the power of 8
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			factor = times(factor, power)
		}
		power = times(power, power)
	}
	return times(factor, first) ^ second
}

// times multiplies two polynomials modulo Castagnoli's.
func times(a, b uint32) uint32 {
	product := uint32(0)
	for bit := uint32(1) << 31; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry == 1 {
			b ^= crc32.Castagnoli
		}
	}
	return product
}
