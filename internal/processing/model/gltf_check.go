package model

import "fmt"

// Bounds of what a viewer would have to take on.
const (
	maxCount      = 1 << 31 // elements of one accessor
	maxUnbacked   = 1 << 30 // bytes that accessors without bytes of their own stand for
	maxTreeHeight = 1000    // nodes below each other; viewers walk them by recursion
)

// check follows everything that refers to something. g says what bytes there
// are for the first buffer.
func (d *document) check(src source, g glb) error {
	for _, step := range []func() error{
		d.checkLinks,
		func() error { return d.checkBuffers(g) },
		d.checkViews,
		d.checkAccessors,
		func() error { return d.checkImages(src, g) },
		d.checkMeshes,
		d.checkSkins,
		d.checkTree,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// checkLinks holds every single reference against the array it goes to.
func (d *document) checkLinks() error {
	sizes := map[string]int{
		"buffers": len(d.buffers), "bufferViews": len(d.views), "accessors": len(d.accessors), "images": len(d.images),
		"textures": d.textures, "samplers": d.samplers, "materials": d.materials, "cameras": d.cameras,
		"meshes": len(d.meshes), "skins": len(d.skins), "nodes": len(d.nodes),
	}
	for _, l := range d.links {
		if err := inRange(l.from, l.index, sizes[l.to], l.to); err != nil {
			return err
		}
	}
	if d.scene != none {
		return inRange("scene", d.scene, len(d.scenes), "scenes")
	}
	return nil
}

func inRange(from string, index int64, size int, to string) error {
	if index < int64(size) {
		return nil
	}
	return broken("%s is %d, and there are %d %s, counted from 0", from, index, size, to)
}

// checkBuffers holds the lengths of buffers against the bytes there are (§3.6.1,
// §4.4.3.3).
func (d *document) checkBuffers(g glb) error {
	own := len(d.buffers) > 0 && !d.buffers[0].hasURI && !(d.buffers[0].fallback && !g.hasBin)
	switch {
	case g.binSize > 0 && !own:
		return broken("it has a BIN chunk of %d bytes, and buffers[0] does not stand for it", g.binSize)
	case own && !g.hasBin:
		return broken("buffers[0] has no uri, and the file no BIN chunk")
	case own && d.buffers[0].size > g.binSize:
		return broken("buffers[0].byteLength is %d, and the BIN chunk has %d bytes", d.buffers[0].size, g.binSize)
	case own && d.buffers[0].size+3 < g.binSize:
		return broken("the BIN chunk has %d bytes, which is more than buffers[0].byteLength, %d, and its padding", g.binSize, d.buffers[0].size)
	}
	stand := int64(0)
	for i, b := range d.buffers {
		switch {
		case i == 0 && own:
		case b.hasURI && b.data < b.size:
			return broken("buffers[%d].byteLength is %d, and its data: URI holds %d bytes", i, b.size, b.data)
		case b.hasURI:
		case !b.fallback:
			return refused("The model has buffers[%d] outside the file; a GLB must hold all that belongs to it", i)
		case b.size > maxUnbacked-stand:
			return refused("The model has buffers of more than %d bytes that are not in the file", maxUnbacked)
		default:
			stand += b.size
		}
	}
	return nil
}

// within reports whether a stretch of size bytes at offset fits into length.
// No sum can overflow: each number is at most maxNumber, as the parser sees to.
func within(offset, size, length int64) bool { return offset <= length && size <= length-offset }

func (d *document) checkViews() error {
	for i, v := range d.views {
		if b := d.buffers[v.buffer]; !within(v.offset, v.size, b.size) {
			return broken("bufferViews[%d] is %d bytes at %d, and buffers[%d] has %d", i, v.size, v.offset, v.buffer, b.size)
		}
		if v.stride > v.size {
			return broken("bufferViews[%d].byteStride is %d, and the view has %d bytes", i, v.stride, v.size)
		}
	}
	for _, p := range d.packed {
		if b := d.buffers[p.buffer]; !within(p.offset, p.size, b.size) || b.fallback && !b.hasURI && p.buffer != 0 {
			return broken("%s is %d bytes at %d, and buffers[%d] does not hold them", p.where, p.size, p.offset, p.buffer)
		}
	}
	return nil
}

// checkAccessors holds each accessor against its view (§3.6.2).
func (d *document) checkAccessors() error {
	stand := int64(0)
	for i, a := range d.accessors {
		where := fmt.Sprintf("accessors[%d]", i)
		if a.count > maxCount {
			return refused("The model has %d elements in %s; %d is the most that is accepted", a.count, where, int64(maxCount))
		}
		if a.view == none {
			stand += a.count * elementSize(a.kind, a.component)
			if stand > maxUnbacked {
				return refused("The model has accessors without a bufferView that stand for more than %d bytes", maxUnbacked)
			}
			if a.offset != 0 {
				return broken("%s has a byteOffset and no bufferView", where)
			}
		} else if err := d.checkElements(where, a.view, a.offset, a.count, a.kind, a.component); err != nil {
			return err
		}
		if s := a.sparse; s != nil {
			if err := d.checkSparse(where, a, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *document) checkSparse(where string, a accessor, s *sparse) error {
	switch s.component {
	case 5121, 5123, 5125:
	default:
		return broken("%s.sparse.indices.componentType is %d, and may be 5121, 5123 or 5125", where, s.component)
	}
	if s.count > a.count {
		return broken("%s.sparse has %d elements, and the accessor %d", where, s.count, a.count)
	}
	for _, view := range []int64{s.indexView, s.valueView} {
		if d.views[view].stride != 0 {
			return broken("%s.sparse uses bufferViews[%d], which may not have a byteStride then", where, view)
		}
	}
	if err := d.checkElements(where+".sparse.indices", s.indexView, s.indexOffset, s.count, "SCALAR", s.component); err != nil {
		return err
	}
	return d.checkElements(where+".sparse.values", s.valueView, s.valueOffset, s.count, a.kind, a.component)
}

// checkElements holds count elements at an offset of a view against the view.
// The products stay below 2^31 × 252, far from overflow.
func (d *document) checkElements(where string, view, offset, count int64, kind string, componentType int64) error {
	v, size, part := d.views[view], elementSize(kind, componentType), bytesOf(componentType)
	stride := v.stride
	if stride == 0 {
		stride = size
	}
	switch {
	case stride < size:
		return broken("%s has elements of %d bytes, and bufferViews[%d].byteStride is %d", where, size, view, stride)
	case offset%part != 0 || (offset+v.offset)%part != 0 || stride%part != 0:
		return broken("%s does not begin at a multiple of %d bytes, the size of its components", where, part)
	case !within(offset, stride*(count-1)+size, v.size):
		return broken("%s is %d elements of %d bytes at %d, and bufferViews[%d] has %d bytes", where, count, size, offset, view, v.size)
	}
	return nil
}
