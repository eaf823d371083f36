package image

import (
	"bytes"
	"encoding/binary"
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"

	"magpie/internal/media"
)

// inkLab is what the tests' inks look like. It is linear in each ink, so that a
// table of any size holds it exactly.
func inkLab(v [4]float64) [3]float64 {
	light := 1 - v[3]
	return [3]float64{
		100 * light * (1 - 0.35*v[0]) * (1 - 0.45*v[1]) * (1 - 0.1*v[2]),
		light * (50*v[1] - 40*v[0]),
		light * (70*v[2] - 30*v[0] - 10*v[1]),
	}
}

// inkTable writes inkLab at p steps of each ink, with its three numbers encoded
// as 0–1 of size bytes each.
func inkTable(p, size int, encode func(lab [3]float64) [3]float64) []byte {
	var out []byte
	for i := range p * p * p * p {
		var v [4]float64
		for k, n := 3, i; k >= 0; k, n = k-1, n/p {
			v[k] = float64(n%p) / float64(p-1)
		}
		for _, x := range encode(inkLab(v)) {
			if size == 1 {
				out = append(out, byte(math.Round(x*255)))
			} else {
				out = binary.BigEndian.AppendUint16(out, uint16(math.Round(x*65535)))
			}
		}
	}
	return out
}

func encodeLab(lab [3]float64) [3]float64 {
	return [3]float64{lab[0] / 100, (lab[1] + 128) / 255, (lab[2] + 128) / 255}
}

// straight is n curves of so many steps that change nothing.
func straight(n, steps, size int) []byte {
	var out []byte
	for range n {
		for i := range steps {
			v := float64(i) / float64(steps-1)
			if size == 1 {
				out = append(out, byte(math.Round(v*255)))
			} else {
				out = binary.BigEndian.AppendUint16(out, uint16(math.Round(v*65535)))
			}
		}
	}
	return out
}

// inkTags gives inkLab as a tag of each type.
func inkTags() map[string][]byte {
	head := func(kind string, p byte) []byte {
		b := make([]byte, 48)
		copy(b, kind)
		b[8], b[9], b[10] = 4, 3, p
		return b
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	words := func(n ...uint16) (b []byte) {
		for _, w := range n {
			b = binary.BigEndian.AppendUint16(b, w)
		}
		return b
	}
	older := func(lab [3]float64) [3]float64 { // Lab of 16 bits, which ends at 0xff00
		e := encodeLab(lab)
		for i := range e {
			e[i] *= 65280.0 / 65535
		}
		return e
	}

	// The newer type. Its table holds b, the reverse of L, and a; the matrix puts
	// them in order, and the last of the curves turns L round again.
	points := append(bytes.Repeat([]byte{5}, 4), make([]byte, 12)...)
	table := join(points, []byte{2, 0, 0, 0}, inkTable(5, 2, func(lab [3]float64) [3]float64 {
		e := encodeLab(lab)
		return [3]float64{e[2], 1 - e[0], e[1]}
	}), make([]byte, 2)) // to a multiple of four
	same := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x00")
	turn := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x02\xff\xff\x00\x00")
	gamma := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00") // of 1
	power := []byte("para\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00") // likewise
	var matrix []byte
	for _, n := range []uint32{0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0} {
		matrix = binary.BigEndian.AppendUint32(matrix, n<<16)
	}
	newer := make([]byte, 32)
	copy(newer, "mAB \x00\x00\x00\x00\x04\x03")
	for i, part := range [][]byte{join(turn, gamma, power), matrix, bytes.Repeat(same, 3), table, bytes.Repeat(same, 4)} {
		binary.BigEndian.PutUint32(newer[12+4*i:], uint32(len(newer)))
		newer = append(newer, part...)
	}
	return map[string][]byte{
		"lut8":  join(head("mft1", 3), straight(4, 256, 1), inkTable(3, 1, encodeLab), straight(3, 256, 1)),
		"lut16": join(head("mft2", 4), words(2, 5), straight(4, 2, 2), inkTable(4, 2, older), straight(3, 5, 2)),
		"mAB":   newer,
	}
}

// inkProfile is a CMYK profile with one tag.
func inkProfile(name string, tag []byte) []byte {
	p := profile(spaceCMYK, max(14, len(tag)))
	copy(p[20:], "Lab ")
	copy(p[132:], name)
	copy(p[144:], tag)
	return p
}

// labOf is how profiles tell a colour of sRGB: the matrix is that of the sRGB
// profile itself, the other way round from the code's.
func labOf(c color.NRGBA) [3]float64 {
	var linear [3]float64
	for i, v := range []byte{c.R, c.G, c.B} {
		if s := float64(v) / 255; s <= 0.04045 {
			linear[i] = s / 12.92
		} else {
			linear[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	var f [3]float64
	for i, row := range [3][4]float64{
		{0.4360747, 0.3850649, 0.1430804, 0.9642},
		{0.2225045, 0.7168786, 0.0606169, 1},
		{0.0139322, 0.0971045, 0.7141733, 0.8249},
	} {
		v := (row[0]*linear[0] + row[1]*linear[1] + row[2]*linear[2]) / row[3]
		if v > 216.0/24389 {
			f[i] = math.Cbrt(v)
		} else {
			f[i] = (24389.0/27*v + 16) / 116
		}
	}
	return [3]float64{116*f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])}
}

func TestLabToSRGB(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := color.NRGBA{rapid.Byte().Draw(r, "r"), rapid.Byte().Draw(r, "g"), rapid.Byte().Draw(r, "b"), 255}
		got := labToSRGB(labOf(c))
		for i, want := range []byte{c.R, c.G, c.B} {
			if math.Abs(got[i]*255-float64(want)) > 0.6 {
				r.Errorf("%v comes back as %v", c, got)
			}
		}
	})
}

// What a profile's tables say is what is seen, whichever type they have.
func TestInks(t *testing.T) {
	for name, tag := range inkTags() {
		for _, as := range []string{"A2B0", "A2B1"} {
			table := newInks(inkProfile(as, tag))
			if table == nil {
				t.Fatalf("%s as %s is not read", name, as)
			}
			rapid.Check(t, func(r *rapid.T) {
				v := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(r, "inks")
				var part [4]float64
				for i := range part {
					part[i] = float64(v[i]) / 255
				}
				want := labToSRGB(inkLab(part))
				red, green, blue := table.rgb(v[0], v[1], v[2], v[3])
				for i, got := range []byte{red, green, blue} {
					// Near what sRGB can't show, between one node inside and one
					// outside, the steep end of its curve is cut off.
					slack := 5.0
					if want[i] < 0.2 {
						slack = 20
					}
					if math.Abs(float64(got)-255*want[i]) > slack {
						r.Errorf("%s: %v is %v, want %v of 255", name, v, []byte{red, green, blue}, want)
					}
				}
			})
		}
	}
}

// A JPEG of four inks has the colours that its profile says; without one that
// can be read, ink takes away light.
func TestJPEGOfInks(t *testing.T) {
	const c, m, y, k = 200, 60, 30, 20
	file := progressive(200, 120, 0, "Adobe\x00\x64\x00\x00\x00\x00\x00", flat(255-c), flat(255-m), flat(255-y), flat(255-k))
	lab := labToSRGB(inkLab([4]float64{c / 255.0, m / 255.0, y / 255.0, k / 255.0}))
	told := color.NRGBA{byte(255 * lab[0]), byte(255 * lab[1]), byte(255 * lab[2]), 255}
	plain := color.NRGBA{(255 - c) * (255 - k) / 255, (255 - m) * (255 - k) / 255, (255 - y) * (255 - k) / 255, 255}
	good := inkProfile("A2B0", inkTags()["lut16"])
	for name, x := range map[string]struct {
		profile []byte
		want    color.NRGBA
	}{
		"with its profile":    {good, told},
		"none":                {nil, plain},
		"a profile of colour": {profile(spaceRGB, 400), plain},
		"no table":            {profile(spaceCMYK, 400), plain},
		"a broken table":      {inkProfile("A2B0", inkTags()["lut16"][:1000]), plain},
	} {
		_, out := process(t, media.JPEG, insert(file, 2, jpegProfileSegments(x.profile)))
		for _, size := range []string{"large.jpg", "thumb.jpg"} {
			near(t, out.decoded(t, size), 20, 20, x.want, 6)
			if jpegProfileOf(out.files[size]) != nil {
				t.Errorf("%s: %s carries a profile of other colours than its own", name, size)
			}
		}
	}
	_, out := process(t, media.JPEG, insert(file, 2, jpegProfileSegments(good)))
	if got := jpegProfileOf(out.files["orig.jpg"]); !bytes.Equal(got, good) {
		t.Errorf("orig carries %d bytes of profile, want %d", len(got), len(good))
	}
}

// Profiles of printers are longer than those of cameras.
func TestLongProfileOfInks(t *testing.T) {
	tag := append(inkTags()["lut8"], make([]byte, 2<<20)...)
	if p := inkProfile("A2B0", tag); newInks(p) == nil || profileFor(p, spaceCMYK) == nil {
		t.Errorf("a profile of %d bytes is not read", len(p))
	}
	if p := inkProfile("A2B0", append(tag, make([]byte, 2<<20)...)); newInks(p) != nil {
		t.Errorf("a profile of %d bytes is read", len(p))
	}
}

func FuzzInkTable(f *testing.F) {
	for _, tag := range inkTags() {
		f.Add(tag, 0.3, 0.9)
	}
	f.Fuzz(func(t *testing.T, tag []byte, a, b float64) {
		lab := inksToLab(tag)
		if lab == nil {
			return
		}
		a, b = math.Abs(math.Mod(a, 1)), math.Abs(math.Mod(b, 1))
		if math.IsNaN(a) || math.IsNaN(b) {
			return
		}
		for _, v := range labToSRGB(lab([4]float64{a, b, 1 - a, 1})) {
			if !(v >= 0 && v <= 1) {
				t.Errorf("a colour of %v", v)
			}
		}
	})
}
