package model

// buffer reads an item of buffers.
func (p *parser) buffer() buffer {
	b := buffer{size: none}
	p.object(func(name string) {
		switch name {
		case "byteLength":
			b.size = p.positive()
		case "uri":
			b.hasURI = true
			_, b.data = p.inline(p.text())
		case "extensions":
			p.object(func(extension string) {
				switch extension {
				case "EXT_meshopt_compression", "KHR_meshopt_compression":
					b.fallback = true
				}
				p.extension()
			})
		default:
			p.other(name)
		}
	})
	p.needs(b.size, "byteLength")
	return b
}

// view reads an item of bufferViews.
func (p *parser) view() view {
	v := view{buffer: none, size: none}
	p.object(func(name string) {
		switch name {
		case "buffer":
			v.buffer = p.ref("buffers")
		case "byteOffset":
			v.offset = p.whole()
		case "byteLength":
			v.size = p.positive()
		case "byteStride":
			v.stride = p.whole()
			if p.err == nil && (v.stride < 4 || v.stride > 252 || v.stride%4 != 0) {
				p.broken("is %d, and may be a multiple of 4 from 4 to 252", v.stride)
			}
		case "extensions":
			p.object(func(string) { p.compressed() })
		default:
			p.other(name)
		}
	})
	p.needs(v.buffer, "buffer")
	p.needs(v.size, "byteLength")
	return v
}

// compressed reads an extension of a buffer view. Those that compress say where
// their bytes are in the view's own words.
func (p *parser) compressed() {
	v := view{buffer: none}
	p.object(func(name string) {
		switch name {
		case "buffer":
			v.buffer = p.ref("buffers")
		case "byteOffset":
			v.offset = p.whole()
		case "byteLength":
			v.size = p.whole()
		default:
			if !p.extended(name) {
				p.extension()
			}
		}
	})
	if v.buffer != none {
		p.d.packed = append(p.d.packed, packed{p.where(), v})
	}
}

// accessor reads an item of accessors.
func (p *parser) accessor() accessor {
	a := accessor{view: none, count: none, component: none}
	p.object(func(name string) {
		switch name {
		case "bufferView":
			a.view = p.ref("bufferViews")
		case "byteOffset":
			a.offset = p.whole()
		case "componentType":
			a.component = p.componentType()
		case "count":
			a.count = p.positive()
		case "type":
			a.kind = p.text()
			if p.err == nil && componentsOf(a.kind) == 0 {
				p.broken("is %s, and may be SCALAR, VEC2, VEC3, VEC4, MAT2, MAT3 or MAT4", quoted(a.kind))
			}
		case "normalized":
			a.normalized = p.truth()
		case "sparse":
			a.sparse = p.sparse()
		case "min":
			a.min = p.extent()
		case "max":
			a.max = p.extent()
		default:
			p.other(name)
		}
	})
	p.needs(a.component, "componentType")
	p.needs(a.count, "count")
	if a.kind == "" {
		p.needs(none, "type")
	}
	return a
}

// extent reads the least or most of each component, and keeps it where there are
// three.
func (p *parser) extent() *[3]float64 {
	var v [3]float64
	got := 0
	p.array(16, func(i int) {
		if n := p.number(); i < len(v) {
			v[i] = n
		}
		got++
	})
	if got != len(v) {
		return nil
	}
	return &v
}

func (p *parser) sparse() *sparse {
	s := &sparse{count: none, indexView: none, component: none, valueView: none}
	p.object(func(name string) {
		switch name {
		case "count":
			s.count = p.positive()
		case "indices":
			p.object(func(name string) {
				switch name {
				case "bufferView":
					s.indexView = p.ref("bufferViews")
				case "byteOffset":
					s.indexOffset = p.whole()
				case "componentType":
					s.component = p.componentType()
				default:
					p.other(name)
				}
			})
		case "values":
			p.object(func(name string) {
				switch name {
				case "bufferView":
					s.valueView = p.ref("bufferViews")
				case "byteOffset":
					s.valueOffset = p.whole()
				default:
					p.other(name)
				}
			})
		default:
			p.other(name)
		}
	})
	p.needs(s.count, "count")
	p.needs(s.indexView, "indices.bufferView")
	p.needs(s.component, "indices.componentType")
	p.needs(s.valueView, "values.bufferView")
	return s
}

func (p *parser) componentType() int64 {
	n := p.whole()
	if p.err == nil && bytesOf(n) == 0 {
		p.broken("is %d, and may be 5120, 5121, 5122, 5123, 5125 or 5126", n)
	}
	return n
}

// positive reads a whole number of at least 1.
func (p *parser) positive() int64 {
	n := p.whole()
	if p.err == nil && n < 1 {
		p.broken("is %d, and must be at least 1", n)
	}
	return n
}

// needs fails if a member is missing.
func (p *parser) needs(value int64, member string) {
	if value == none {
		p.broken("has no %s", member)
	}
}

// bytesOf is the size of one component, or 0 for a type that does not exist.
func bytesOf(componentType int64) int64 {
	switch componentType {
	case 5120, 5121: // byte, unsigned byte
		return 1
	case 5122, 5123: // short, unsigned short
		return 2
	case 5125, 5126: // unsigned int, float
		return 4
	}
	return 0
}

func componentsOf(kind string) int64 {
	switch kind {
	case "SCALAR":
		return 1
	case "VEC2":
		return 2
	case "VEC3":
		return 3
	case "VEC4", "MAT2":
		return 4
	case "MAT3":
		return 9
	case "MAT4":
		return 16
	}
	return 0
}

// elementSize is the bytes of one element. Columns of matrices begin at
// multiples of 4 (glTF 2.0, §3.6.2.4).
func elementSize(kind string, componentType int64) int64 {
	size := bytesOf(componentType)
	columns := map[string]int64{"MAT2": 2, "MAT3": 3, "MAT4": 4}[kind]
	if columns == 0 {
		return componentsOf(kind) * size
	}
	return columns * ((columns*size + 3) / 4 * 4)
}
