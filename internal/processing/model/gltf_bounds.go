package model

import (
	"math"

	"magpie/internal/media"
)

// transform says where a node stands in its parent: by a matrix, column after
// column, or by scale, rotation and translation in this order (glTF 2.0,
// §3.5.3).
type transform struct {
	matrix      *[16]float64
	translation [3]float64
	rotation    [4]float64 // a unit quaternion, x y z w
	scale       [3]float64
}

// standing is the transform that changes nothing.
func standing() transform {
	return transform{rotation: [4]float64{3: 1}, scale: [3]float64{1, 1, 1}}
}

// affine is the first three rows of a transform's matrix.
type affine [3][4]float64

func (t transform) affine() affine {
	var a affine
	if t.matrix != nil {
		for row := range a {
			for column := range a[row] {
				a[row][column] = t.matrix[4*column+row]
			}
		}
		return a
	}
	x, y, z, w := t.rotation[0], t.rotation[1], t.rotation[2], t.rotation[3]
	turn := [3][3]float64{
		{1 - 2*(y*y+z*z), 2 * (x*y - z*w), 2 * (x*z + y*w)},
		{2 * (x*y + z*w), 1 - 2*(x*x+z*z), 2 * (y*z - x*w)},
		{2 * (x*z - y*w), 2 * (y*z + x*w), 1 - 2*(x*x+y*y)},
	}
	for row := range a {
		for column := range turn[row] {
			a[row][column] = turn[row][column] * t.scale[column]
		}
		a[row][3] = t.translation[row]
	}
	return a
}

// of puts what b places into a's space.
func (a affine) of(b affine) affine {
	var out affine
	for row := range out {
		for column := range out[row] {
			sum := 0.0
			for k := range 3 {
				sum += a[row][k] * b[k][column]
			}
			out[row][column] = sum
		}
		out[row][3] += a[row][3]
	}
	return out
}

// box gives the box around a box that a places. Each side is furthest out where
// each of its three parts is.
func (a affine) box(b media.Box) media.Box {
	var out media.Box
	for row := range a {
		out.Min[row], out.Max[row] = a[row][3], a[row][3]
		for k := range 3 {
			one, other := a[row][k]*b.Min[k], a[row][k]*b.Max[k]
			out.Min[row] += min(one, other)
			out.Max[row] += max(one, other)
		}
	}
	return out
}

// bounds gives the box around the scene that is shown first, with every mesh
// where its node stands. It is nil where there is no scene, nothing in it, or
// something of which can't be told from here how far it reaches: joints move it,
// it stands in several places at once, or its accessors don't say. The document
// was checked: its nodes are trees.
func (d *document) bounds() *media.Box {
	scene := max(d.scene, 0)
	if scene >= int64(len(d.scenes)) || d.instanced {
		return nil
	}
	boxes := make([]*media.Box, len(d.meshes))
	for i, m := range d.meshes {
		boxes[i] = d.meshBox(m)
	}
	type placed struct {
		node int64
		in   affine
	}
	var level []placed
	for _, root := range d.scenes[scene] {
		level = append(level, placed{root, standing().affine()})
	}
	var whole *media.Box
	// A scene may name a root as often as it likes; more says nothing new.
	for seen := 0; len(level) > 0; {
		if seen += len(level); seen > maxItems {
			return nil
		}
		var next []placed
		for _, p := range level {
			n := d.nodes[p.node]
			at := p.in.of(n.place.affine())
			if n.mesh != none {
				if boxes[n.mesh] == nil || n.skinned {
					return nil
				}
				whole = around(whole, at.box(*boxes[n.mesh]))
			}
			for _, child := range n.children {
				next = append(next, placed{child, at})
			}
		}
		level = next
	}
	if whole == nil || !finite(whole) {
		return nil
	}
	return whole
}

// meshBox is the box around a mesh in its own space, by what its accessors say
// of their positions; nil where one doesn't say.
func (d *document) meshBox(m mesh) *media.Box {
	var out *media.Box
	for _, p := range m.primitives {
		box := d.positions(p)
		if box == nil {
			return nil
		}
		out = around(out, *box)
	}
	return out
}

func (d *document) positions(p primitive) *media.Box {
	for _, a := range p.attributes {
		if a.name != "POSITION" {
			continue
		}
		// min and max of whole numbers that stand for fractions are another scale.
		if v := d.accessors[a.accessor]; v.min != nil && v.max != nil && !v.normalized {
			for i := range v.min {
				if v.min[i] > v.max[i] {
					return nil
				}
			}
			return &media.Box{Min: *v.min, Max: *v.max}
		}
	}
	return nil
}

// around gives the box around two, of which the first may be nil.
func around(a *media.Box, b media.Box) *media.Box {
	if a != nil {
		for i := range b.Min {
			b.Min[i], b.Max[i] = min(a.Min[i], b.Min[i]), max(a.Max[i], b.Max[i])
		}
	}
	return &b
}

// finite reports whether no side is lost in numbers too large.
func finite(b *media.Box) bool {
	for i := range b.Min {
		if math.IsNaN(b.Min[i]) || math.IsInf(b.Min[i], 0) || math.IsNaN(b.Max[i]) || math.IsInf(b.Max[i], 0) {
			return false
		}
	}
	return true
}
