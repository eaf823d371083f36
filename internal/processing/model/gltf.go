package model

import (
	"strings"

	"magpie/internal/media"
)

// none stands for a reference that is not there.
const none = -1

// document is what of a glTF's JSON refers to bytes or to other parts of it.
// Places in other arrays are kept as they are written, until all is read: the
// arrays may come in any order.
type document struct {
	version    string
	extensions []string // that a reader must know
	buffers    []buffer
	views      []view
	packed     []packed
	accessors  []accessor
	images     []picture
	textures   int
	samplers   int
	materials  int
	cameras    int
	meshes     []mesh
	skins      []skin
	nodes      []node
	scenes     [][]int64
	scene      int64
	animations int
	instanced  bool   // a node may stand for several, elsewhere
	links      []link // single references, in the order they were met
}

// link is a reference from one place to an item of an array of the document.
type link struct {
	from, to string
	index    int64
}

type buffer struct {
	size     int64
	hasURI   bool
	data     int64 // bytes of the data: URI
	fallback bool  // a reader that knows the compression doesn't need its bytes
}

type view struct {
	buffer, offset, size, stride int64 // stride is 0 where none is given
}

// packed is a stretch of a buffer that holds a view in a compressed form.
type packed struct {
	where string
	view
}

type accessor struct {
	view, offset, count int64
	component           int64
	kind                string
	normalized          bool
	min, max            *[3]float64 // nil where the file has no three of them
	sparse              *sparse
}

type sparse struct {
	count                             int64
	indexView, indexOffset, component int64
	valueView, valueOffset            int64
}

type picture struct {
	view     int64
	mimeType string
	inline   []byte // the beginning of a data: URI
	hasURI   bool
}

type mesh struct {
	primitives []primitive
}

type primitive struct {
	mode       int64 // points, lines and triangles; 4 is triangles
	indices    int64
	attributes []attribute
	targets    []attribute
}

type attribute struct {
	name     string
	accessor int64
}

type skin struct {
	joints  []int64
	inverse int64
}

type node struct {
	children []int64
	mesh     int64
	skinned  bool // its mesh stands where the joints do
	place    transform
}

// parser reads a document.
type parser struct {
	*cursor
	d    document
	used map[string]bool // extensions that the file names
}

// parseGLTF reads the JSON of a glTF 2.0 (§3 and §5 of its specification) into
// what can be checked once all of it is there.
func parseGLTF(text []byte) (*document, error) {
	p := &parser{cursor: newCursor(text), used: map[string]bool{}}
	p.d.scene = none
	p.object(p.root)
	switch {
	case p.err != nil:
		return nil, p.err
	case p.d.version == "":
		return nil, broken("its JSON does not say its version in asset.version")
	}
	for _, e := range p.d.extensions {
		if !p.used[e] {
			return nil, broken("extensionsRequired names %s, and extensionsUsed does not", quoted(e))
		}
	}
	p.d.instanced = p.used["EXT_mesh_gpu_instancing"]
	return &p.d, nil
}

func (p *parser) root(name string) {
	switch name {
	case "asset":
		p.object(p.asset)
	case "extensionsUsed":
		p.array(maxItems, func(int) { p.used[p.text()] = true })
	case "extensionsRequired":
		p.array(maxItems, func(int) { p.d.extensions = append(p.d.extensions, p.text()) })
	case "buffers":
		p.array(maxItems, func(int) { p.d.buffers = append(p.d.buffers, p.buffer()) })
	case "bufferViews":
		p.array(maxItems, func(int) { p.d.views = append(p.d.views, p.view()) })
	case "accessors":
		p.array(maxItems, func(int) { p.d.accessors = append(p.d.accessors, p.accessor()) })
	case "images":
		p.array(maxItems, func(int) { p.d.images = append(p.d.images, p.picture()) })
	case "textures":
		p.array(maxItems, func(int) { p.d.textures++; p.object(p.texture) })
	case "samplers":
		p.array(maxItems, func(int) { p.d.samplers++; p.object(p.other) })
	case "materials":
		p.array(maxItems, func(int) { p.d.materials++; p.object(p.material) })
	case "cameras":
		p.array(maxItems, func(int) { p.d.cameras++; p.object(p.other) })
	case "meshes":
		p.array(maxItems, func(int) { p.d.meshes = append(p.d.meshes, p.mesh()) })
	case "skins":
		p.array(maxItems, func(int) { p.d.skins = append(p.d.skins, p.skin()) })
	case "nodes":
		p.array(maxItems, func(int) { p.d.nodes = append(p.d.nodes, p.node()) })
	case "scenes":
		p.array(maxItems, func(int) { p.d.scenes = append(p.d.scenes, p.oneScene()) })
	case "scene":
		p.d.scene = p.whole()
	case "animations":
		p.array(maxItems, func(int) { p.d.animations++; p.animation() })
	default:
		p.other(name)
	}
}

// other reads what has no meaning here. In extensions nothing may be fetched
// from outside the file; extras are the application's own.
func (p *parser) other(name string) {
	if name == "extensions" {
		p.object(func(string) { p.extension() })
		return
	}
	p.skip(nil)
}

// extension reads one extension's value.
func (p *parser) extension() { p.skip(p.extended) }

// extended reads what members of these names mean in every extension: an
// address, or the place of bytes.
func (p *parser) extended(name string) bool {
	switch {
	case name == "uri", strings.HasSuffix(name, "Uri"):
		p.inline(p.text())
	case name == "bufferView":
		p.ref("bufferViews")
	default:
		return false
	}
	return true
}

// ref reads a reference to an item of one of the document's arrays.
func (p *parser) ref(to string) int64 {
	n := p.whole()
	p.d.links = append(p.d.links, link{p.where(), to, n})
	p.count()
	return n
}

func (p *parser) asset(name string) {
	switch name {
	case "version", "minVersion":
		v := p.text()
		major, minor, ok := strings.Cut(v, ".")
		if p.err == nil && (!ok || !digits(major) || !digits(minor)) {
			p.broken("is %s, which is no version", quoted(v))
		} else if p.err == nil && major != "2" {
			p.fail(refused("The model is of glTF version %s; 2.x can be read here", v))
		}
		if name == "version" {
			p.d.version = v
		}
	default:
		p.other(name)
	}
}

func digits(s string) bool {
	return s != "" && len(s) <= 9 && strings.Trim(s, "0123456789") == ""
}

// facts is what others may want to know of a model that was checked, but for
// its bytes.
func (d *document) facts() media.ModelFacts {
	vertices, triangles := d.shapes()
	f := media.ModelFacts{
		Scenes: len(d.scenes), Nodes: len(d.nodes), Meshes: len(d.meshes), Vertices: vertices, Triangles: triangles,
		Materials: d.materials, Textures: d.textures, Images: len(d.images),
		Skins: len(d.skins), Animations: d.animations, Bounds: d.bounds(),
	}
	for _, m := range d.meshes {
		f.Primitives += len(m.primitives)
	}
	return f
}
