package model

import "fmt"

// checkMeshes holds the accessors of each primitive against what they are used
// for (§3.7.2.1).
func (d *document) checkMeshes() error {
	for i, m := range d.meshes {
		for j, p := range m.primitives {
			where := fmt.Sprintf("meshes[%d].primitives[%d]", i, j)
			count := d.accessors[p.attributes[0].accessor].count
			for _, a := range append(p.attributes[:len(p.attributes):len(p.attributes)], p.targets...) {
				if n := d.accessors[a.accessor].count; n != count {
					return broken("%s has %d elements of %s and %d of %s", where, count, quoted(p.attributes[0].name), n, quoted(a.name))
				}
				if k := d.accessors[a.accessor].kind; a.name == "POSITION" && k != "VEC3" {
					return broken("%s has a POSITION of %s, which must be VEC3", where, k)
				}
			}
			if p.indices == none {
				continue
			}
			a := d.accessors[p.indices]
			if unsigned := a.component == 5121 || a.component == 5123 || a.component == 5125; a.kind != "SCALAR" || !unsigned {
				return broken("%s has indices of %s %d, which must be SCALAR of 5121, 5123 or 5125", where, a.kind, a.component)
			}
		}
	}
	return nil
}

func (d *document) checkSkins() error {
	for i, s := range d.skins {
		for _, n := range s.joints {
			if err := inRange(fmt.Sprintf("a joint of skins[%d]", i), n, len(d.nodes), "nodes"); err != nil {
				return err
			}
		}
		if s.inverse == none {
			continue
		}
		if a := d.accessors[s.inverse]; a.kind != "MAT4" || a.component != 5126 || a.count < int64(len(s.joints)) {
			return broken("skins[%d] has %d joints and as inverseBindMatrices %d elements of %s %d, which must be MAT4 of 5126", i, len(s.joints), a.count, a.kind, a.component)
		}
	}
	return nil
}

// checkTree makes sure that the nodes are trees: no node has two parents or is
// below itself, and scenes name only roots (§3.5.2).
func (d *document) checkTree() error {
	parent := make([]int64, len(d.nodes))
	for i := range parent {
		parent[i] = none
	}
	for i, n := range d.nodes {
		for _, child := range n.children {
			if err := inRange(fmt.Sprintf("a child of nodes[%d]", i), child, len(d.nodes), "nodes"); err != nil {
				return err
			}
			if parent[child] != none || child == int64(i) {
				return broken("nodes[%d] is a child of nodes[%d], and of another or itself already", child, i)
			}
			parent[child] = int64(i)
		}
	}
	// With one parent at most, whoever can't be reached from a root is on a
	// circle or below one.
	reached := 0
	for level, height := d.roots(parent), 0; len(level) > 0; height++ {
		if height == maxTreeHeight {
			return refused("The model has more than %d nodes below each other, the most that is accepted", maxTreeHeight)
		}
		reached += len(level)
		var next []int64
		for _, n := range level {
			next = append(next, d.nodes[n].children...)
		}
		level = next
	}
	if reached < len(d.nodes) {
		return broken("%d of its nodes are below themselves", len(d.nodes)-reached)
	}
	return d.checkScenes(parent)
}

func (d *document) roots(parent []int64) []int64 {
	var out []int64
	for i, p := range parent {
		if p == none {
			out = append(out, int64(i))
		}
	}
	return out
}

func (d *document) checkScenes(parent []int64) error {
	for i, roots := range d.scenes {
		for _, n := range roots {
			if err := inRange(fmt.Sprintf("a node of scenes[%d]", i), n, len(d.nodes), "nodes"); err != nil {
				return err
			}
			if parent[n] != none {
				return broken("scenes[%d] has nodes[%d] as a root, and it is a child of nodes[%d]", i, n, parent[n])
			}
		}
	}
	return nil
}

// shapes counts vertices and triangles as they are stored. A mesh that several
// nodes show counts once.
func (d *document) shapes() (vertices, triangles int64) {
	for _, m := range d.meshes {
		for _, p := range m.primitives {
			n := d.accessors[p.attributes[0].accessor].count
			vertices += n
			if p.indices != none {
				n = d.accessors[p.indices].count
			}
			switch p.mode {
			case 4: // triangles
				triangles += n / 3
			case 5, 6: // strip, fan
				triangles += max(0, n-2)
			}
		}
	}
	return vertices, triangles
}
