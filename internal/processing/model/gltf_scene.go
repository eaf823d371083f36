package model

import "strings"

func (p *parser) texture(name string) {
	switch name {
	case "sampler":
		p.ref("samplers")
	case "source":
		p.ref("images")
	case "extensions": // KHR_texture_basisu and its like have a source of their own
		p.object(func(string) {
			p.skip(func(name string) bool {
				if name == "source" {
					p.ref("images")
					return true
				}
				return p.extended(name)
			})
		})
	default:
		p.other(name)
	}
}

// material reads a member of a material, its extensions or
// pbrMetallicRoughness. Everything whose name ends in Texture says which
// texture it is.
func (p *parser) material(name string) {
	switch {
	case strings.HasSuffix(name, "Texture"):
		p.textureInfo()
	case name == "pbrMetallicRoughness":
		p.object(p.material)
	case name == "extensions":
		p.object(func(string) {
			p.skip(func(name string) bool {
				if strings.HasSuffix(name, "Texture") {
					p.textureInfo()
					return true
				}
				return p.extended(name)
			})
		})
	default:
		p.other(name)
	}
}

func (p *parser) textureInfo() {
	index := int64(none)
	p.object(func(name string) {
		if name == "index" {
			index = p.ref("textures")
			return
		}
		p.other(name)
	})
	p.needs(index, "index")
}

func (p *parser) mesh() mesh {
	var m mesh
	p.object(func(name string) {
		switch name {
		case "primitives":
			p.array(maxItems, func(int) { m.primitives = append(m.primitives, p.primitive()) })
		case "weights":
			p.array(maxItems, func(int) { p.number() })
		default:
			p.other(name)
		}
	})
	if len(m.primitives) == 0 {
		p.needs(none, "primitives")
	}
	return m
}

func (p *parser) primitive() primitive {
	v := primitive{mode: 4, indices: none}
	p.count()
	p.object(func(name string) {
		switch name {
		case "attributes":
			v.attributes = p.attributes()
		case "indices":
			v.indices = p.ref("accessors")
		case "material":
			p.ref("materials")
		case "mode":
			if n := p.whole(); p.err == nil && n > 6 {
				p.broken("is %d, and may be 0 to 6", n)
			} else {
				v.mode = n
			}
		case "targets":
			p.array(maxItems, func(int) { v.targets = append(v.targets, p.attributes()...) })
		default:
			p.other(name)
		}
	})
	if len(v.attributes) == 0 {
		p.needs(none, "attributes")
	}
	return v
}

func (p *parser) attributes() []attribute {
	var out []attribute
	p.object(func(name string) { out = append(out, attribute{name, p.ref("accessors")}) })
	return out
}

func (p *parser) skin() skin {
	s := skin{inverse: none}
	p.object(func(name string) {
		switch name {
		case "joints":
			s.joints = p.wholes()
		case "inverseBindMatrices":
			s.inverse = p.ref("accessors")
		case "skeleton":
			p.ref("nodes")
		default:
			p.other(name)
		}
	})
	if len(s.joints) == 0 {
		p.needs(none, "joints")
	}
	return s
}

func (p *parser) node() node {
	n := node{mesh: none, place: standing()}
	p.object(func(name string) {
		switch name {
		case "children":
			n.children = p.wholes()
		case "mesh":
			n.mesh = p.ref("meshes")
		case "camera":
			p.ref("cameras")
		case "skin":
			p.ref("skins")
			n.skinned = true
		case "matrix":
			n.place.matrix = new([16]float64)
			p.numbers(n.place.matrix[:])
		case "rotation":
			p.numbers(n.place.rotation[:])
		case "translation":
			p.numbers(n.place.translation[:])
		case "scale":
			p.numbers(n.place.scale[:])
		case "weights":
			p.array(maxItems, func(int) { p.number() })
		default:
			p.other(name)
		}
	})
	return n
}

func (p *parser) oneScene() []int64 {
	var roots []int64
	p.object(func(name string) {
		if name == "nodes" {
			roots = p.wholes()
			return
		}
		p.other(name)
	})
	return roots
}

func (p *parser) animation() {
	samplers, channels := 0, 0
	var used []int64
	p.object(func(name string) {
		switch name {
		case "samplers":
			p.array(maxItems, func(int) {
				samplers++
				p.sampler()
			})
		case "channels":
			p.array(maxItems, func(int) {
				channels++
				used = append(used, p.channel())
			})
		default:
			p.other(name)
		}
	})
	if channels == 0 || samplers == 0 {
		p.needs(none, "channels and samplers")
	}
	for i, n := range used {
		if n >= int64(samplers) {
			p.broken("has in channels[%d] the sampler %d, and there are %d", i, n, samplers)
		}
	}
}

// sampler reads a sampler of an animation.
func (p *parser) sampler() {
	input, output := int64(none), int64(none)
	p.object(func(name string) {
		switch name {
		case "input":
			input = p.ref("accessors")
		case "output":
			output = p.ref("accessors")
		default:
			p.other(name)
		}
	})
	p.needs(input, "input")
	p.needs(output, "output")
}

// channel reads a channel of an animation and gives its sampler.
func (p *parser) channel() int64 {
	sampler := int64(none)
	p.count()
	p.object(func(name string) {
		switch name {
		case "sampler":
			sampler = p.whole()
		case "target":
			p.object(func(name string) {
				if name == "node" {
					p.ref("nodes")
					return
				}
				p.other(name)
			})
		default:
			p.other(name)
		}
	})
	p.needs(sampler, "sampler")
	return sampler
}
