package image

import (
	"encoding/binary"
	"math"
)

// inkGrid is how many steps of each ink are worked out by the profile; between
// them it is interpolated.
const inkGrid = 17

// inks turns cyan, magenta, yellow and black into sRGB as a printer's profile
// says. It may be used from many goroutines.
type inks struct {
	nodes []uint16 // red, green, blue of 0–65535, black changing fastest
}

// newInks reads a profile that profileFor takes for CMYK. It gives nil for one
// whose tables it can't read; without a profile ink takes away light in
// proportion.
func newInks(profile []byte) *inks {
	if profile = profileFor(profile, spaceCMYK); profile == nil || string(profile[20:24]) != "Lab " {
		return nil
	}
	lab := inksToLab(profileTag(profile, "A2B0"))
	if lab == nil {
		lab = inksToLab(profileTag(profile, "A2B1"))
	}
	if lab == nil {
		return nil
	}
	t := &inks{nodes: make([]uint16, 0, inkGrid*inkGrid*inkGrid*inkGrid*3)}
	var at [4]float64
	for i := range inkGrid * inkGrid * inkGrid * inkGrid {
		for k, n := 3, i; k >= 0; k, n = k-1, n/inkGrid {
			at[k] = float64(n%inkGrid) / (inkGrid - 1)
		}
		for _, v := range labToSRGB(lab(at)) {
			t.nodes = append(t.nodes, uint16(math.Round(v*65535)))
		}
	}
	return t
}

// rgb gives the colour of four inks, 0–255 each.
func (t *inks) rgb(c, m, y, k byte) (r, g, b byte) {
	strides := [4]int{inkGrid * inkGrid * inkGrid * 3, inkGrid * inkGrid * 3, inkGrid * 3, 3}
	var part [4]uint32 // how far it is to the next node, of 255
	at := 0
	for i, v := range [4]byte{c, m, y, k} {
		n := uint32(v) * (inkGrid - 1)
		at += int(n/255) * strides[i]
		part[i] = n % 255
	}
	// From the node below to that above, along the ink that is furthest first:
	// the corners of the simplex that the colour is in.
	left := uint32(255)
	var sum [3]uint32
	add := func(weight uint32) {
		if weight > 0 {
			p := t.nodes[at : at+3 : at+3]
			sum[0] += uint32(p[0]) * weight
			sum[1] += uint32(p[1]) * weight
			sum[2] += uint32(p[2]) * weight
		}
	}
	for used := 0; used < 4; used++ {
		next := -1
		for i := range part {
			if strides[i] > 0 && (next < 0 || part[i] > part[next]) {
				next = i
			}
		}
		add(left - part[next])
		if left = part[next]; left == 0 {
			break
		}
		at += strides[next]
		strides[next] = 0
	}
	add(left)
	const whole = 255 * 257
	return byte((sum[0] + whole/2) / whole), byte((sum[1] + whole/2) / whole), byte((sum[2] + whole/2) / whole)
}

// profileTag gives the data of a tag, or nil. The profile is sound.
func profileTag(profile []byte, name string) []byte {
	count := binary.BigEndian.Uint32(profile[profileHeaderSize:])
	for i := range count {
		tag := profile[profileHeaderSize+4+i*profileTagSize:]
		if string(tag[:4]) == name {
			at, n := binary.BigEndian.Uint32(tag[4:]), binary.BigEndian.Uint32(tag[8:])
			return profile[at : at+n]
		}
	}
	return nil
}

// labToSRGB turns a colour under D50, as profiles have it, into sRGB, 0–1.
func labToSRGB(lab [3]float64) [3]float64 {
	f := (lab[0] + 16) / 116
	xyz := [3]float64{f + lab[1]/500, f, f - lab[2]/200}
	for i, white := range [3]float64{0.9642, 1, 0.8249} {
		const bend = 6.0 / 29
		if v := xyz[i]; v > bend {
			xyz[i] = white * v * v * v
		} else {
			xyz[i] = white * 3 * bend * bend * (v - 4.0/29)
		}
	}
	var out [3]float64
	for i, row := range [3][3]float64{ // D50 to D65 by Bradford, and to the primaries of sRGB
		{3.1338561, -1.6168667, -0.4906146},
		{-0.9787684, 1.9161415, 0.0334540},
		{0.0719453, -0.2289914, 1.4052427},
	} {
		v := min(1, max(0, row[0]*xyz[0]+row[1]*xyz[1]+row[2]*xyz[2]))
		if v <= 0.0031308 {
			out[i] = 12.92 * v
		} else {
			out[i] = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
	}
	return out
}
