package model

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"magpie/internal/media"
)

const pngSign = "\x89PNG\r\n\x1a\n"

// sceneJSON is a model that has something of everything. Its buffer: three
// points (36 bytes), three indices of 16 bits (6, then 2 of padding), an inverse
// bind matrix (64), two times and rotations (8, 32), a picture's beginning (12).
const sceneJSON = `{
 "asset": {"version": "2.0", "generator": "by hand"},
 "scene": 0,
 "scenes": [{"nodes": [0], "name": "all"}],
 "nodes": [{"children": [1, 2], "matrix": [1,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1]},
  {"mesh": 0, "skin": 0, "rotation": [0, 0, 0, 1], "scale": [1, 1, 1]}, {"camera": 0, "translation": [0.5, 1e1, -2]}],
 "cameras": [{"type": "perspective", "perspective": {"yfov": 0.7, "znear": 0.1}}],
 "skins": [{"joints": [2], "inverseBindMatrices": 2, "skeleton": 0}],
 "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0, "mode": 4, "targets": [{"POSITION": 5}]}], "weights": [0]}],
 "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}, "extensions": {"KHR_materials_clearcoat": {"clearcoatTexture": {"index": 1}}}}],
 "textures": [{"sampler": 0, "source": 0}, {"source": 1}],
 "samplers": [{"magFilter": 9729}],
 "images": [{"bufferView": 4, "mimeType": "image/png"}, {"uri": "data:image/png;base64,iVBORw0KGgo="}],
 "accessors": [
  {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
  {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
  {"bufferView": 2, "componentType": 5126, "count": 1, "type": "MAT4"},
  {"bufferView": 3, "componentType": 5126, "count": 2, "type": "SCALAR"},
  {"bufferView": 3, "byteOffset": 8, "componentType": 5126, "count": 2, "type": "VEC4"},
  {"componentType": 5126, "count": 3, "type": "VEC3", "sparse": {"count": 1, "indices": {"bufferView": 1, "componentType": 5123}, "values": {"bufferView": 0}}}],
 "animations": [{"samplers": [{"input": 3, "output": 4}], "channels": [{"sampler": 0, "target": {"node": 1, "path": "rotation"}}]}],
 "bufferViews": [
  {"buffer": 0, "byteLength": 36, "target": 34962},
  {"buffer": 0, "byteOffset": 36, "byteLength": 6},
  {"buffer": 0, "byteOffset": 44, "byteLength": 64},
  {"buffer": 0, "byteOffset": 108, "byteLength": 40},
  {"buffer": 0, "byteOffset": 148, "byteLength": 10}],
 "buffers": [{"byteLength": 158}],
 "extensionsUsed": ["KHR_materials_clearcoat", "X_other"],
 "extras": {"uri": "https://example.com/nobody-fetches-this", "deep": [[[{"a": null}]]]}
}`

// sceneBIN is the BIN chunk of sceneJSON.
func sceneBIN() string {
	return strings.Repeat("\x01", 148) + pngSign + "\x00\x00" + "\x00\x00"
}

func scene() []byte { return glbOf("JSON", padded(sceneJSON, " "), "BIN\x00", sceneBIN()) }

// changed is the scene with a piece of its JSON replaced.
func changed(t testing.TB, from, to string) []byte {
	t.Helper()
	if strings.Count(sceneJSON, from) != 1 {
		t.Fatalf("%q is %d times in the scene", from, strings.Count(sceneJSON, from))
	}
	return glbOf("JSON", padded(strings.Replace(sceneJSON, from, to, 1), " "), "BIN\x00", sceneBIN())
}

const least = `{"asset":{"version":"2.0"}}`

func TestGLBTaken(t *testing.T) {
	for what, file := range map[string][]byte{
		"a scene":                   scene(),
		"nothing but an asset":      glbOf("JSON", padded(least, " ")),
		"an empty BIN":              glbOf("JSON", padded(least, " "), "BIN\x00", ""),
		"2.1 of 2.0":                glbOf("JSON", padded(`{"asset":{"version":"2.1","minVersion":"2.0"}}`, " ")),
		"three bytes of padding":    glbOf("JSON", padded(`{"asset":{"version":"2.0"},"buffers":[{"byteLength":1}]}`, " "), "BIN\x00", "abcd"),
		"a buffer of its own":       glbOf("JSON", padded(`{"asset":{"version":"2.0"},"buffers":[{"byteLength":3,"uri":"data:application/octet-stream;base64,AAAA"}]}`, " ")),
		"base64 without its end":    glbOf("JSON", padded(`{"asset":{"version":"2.0"},"buffers":[{"byteLength":4,"uri":"DATA:;BASE64,AAAAAA"}]}`, " ")),
		"1.0 for 1":                 changed(t, `"scene": 0`, `"scene": 0.0`),
		"interleaved":               changed(t, `{"buffer": 0, "byteLength": 36, "target": 34962}`, `{"buffer": 0, "byteLength": 44, "byteStride": 16}`),
		"zeros by draco":            changed(t, `{"bufferView": 1, "componentType": 5123, "count": 3`, `{"componentType": 5123, "count": 3`),
		"a long chain":              glbOf("JSON", padded(chain(maxTreeHeight), " ")),
		"compressed, with stand-in": glbOf("JSON", padded(meshopt, " "), "BIN\x00", "abcd"),
		"a webp":                    bytes.Replace(changed(t, `"mimeType": "image/png"`, `"mimeType": "image/webp"`), []byte(pngSign+"\x00\x00\x00\x00"), []byte("RIFF\x00\x00\x00\x00WEBP"), 1),
	} {
		if what == "interleaved" { // a sparse accessor can't use such a view
			file = bytes.Replace(file, []byte(`"values": {"bufferView": 0}`), []byte(`"values": {"bufferView": 2}`), 1)
		}
		if what == "a webp" {
			file = bytes.Replace(file, []byte(`148, "byteLength": 10}`), []byte(`148, "byteLength": 12}`), 1)
			file = bytes.Replace(file, []byte(`"byteLength": 158}`), []byte(`"byteLength": 160}`), 1)
		}
		if got := taken(t, what, file, media.GLB); !bytes.Equal(got, file) {
			t.Errorf("%s: what is served has %d bytes and differs from the %d that came", what, len(got), len(file))
		}
	}
}

const meshopt = `{"asset":{"version":"2.0"},"extensionsUsed":["EXT_meshopt_compression"],"extensionsRequired":["EXT_meshopt_compression"],
"buffers":[{"byteLength":4},{"byteLength":64,"extensions":{"EXT_meshopt_compression":{"fallback":true}}}],
"bufferViews":[{"buffer":1,"byteLength":64,"byteStride":16,"extensions":{"EXT_meshopt_compression":{"buffer":0,"byteOffset":1,"byteLength":3,"byteStride":16,"count":4,"mode":"ATTRIBUTES"}}}]}`

// chain is a glTF of n nodes, each the child of the one before.
func chain(n int) string {
	var b strings.Builder
	for i := range n - 1 {
		fmt.Fprintf(&b, `{"children":[%d]},`, i+1)
	}
	return `{"asset":{"version":"2.0"},"nodes":[` + b.String() + `{}]}`
}

// Chunks of other types stay behind, and the length says so.
func TestGLBOfMoreChunks(t *testing.T) {
	want := glbOf("JSON", padded(least, " "))
	file := glbOf("JSON", padded(least, " "), "JUNK", "<script>alert(1)</script>   ", "MORE", "")
	if got := taken(t, "other chunks", file, media.GLB); !bytes.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	out, err := process(scene(), media.GLB)
	if err != nil || out.rendition.Name != "model.glb" || out.percent[len(out.percent)-1] != 100 {
		t.Errorf("%+v %v %v", out.rendition, out.percent, err)
	}
}

func TestGLBContainer(t *testing.T) {
	const invalid, unsupported = media.InvalidMedia, media.UnsupportedMedia
	with := func(at int, b ...byte) []byte {
		f := bytes.Clone(scene())
		copy(f[at:], b)
		return f
	}
	whole := scene()
	many := []string{"JSON", padded(least, " ")}
	for range maxGLBParts {
		many = append(many, "MORE", "")
	}
	big := glbOf("JSON", padded(least, " "))
	binary.LittleEndian.PutUint32(big[12:], maxJSON+4)
	big = append(big, make([]byte, maxJSON)...)
	binary.LittleEndian.PutUint32(big[8:], uint32(len(big)))
	for _, c := range []struct {
		what        string
		file        []byte
		name, words string
	}{
		{"nothing", nil, invalid, "does not begin as a GLB"},
		{"a piece of the header", whole[:11], invalid, "does not begin as a GLB"},
		{"another file", []byte("glTG\x02\x00\x00\x00\x0c\x00\x00\x00"), invalid, "does not begin as a GLB"},
		{"version 1", with(4, 1), unsupported, "version 1"},
		{"version 3", with(4, 3), unsupported, "version 3"},
		{"a length too large", with(8, 0xff, 0xff, 0xff, 0xff), invalid, "4294967295 bytes, and it has"},
		{"a length too small", with(8, 12, 0, 0, 0), invalid, "has 12 bytes, and it has"},
		{"bytes behind its end", append(bytes.Clone(whole), "PK\x03\x04"...), invalid, "its header says"},
		{"cut", whole[:len(whole)-4], invalid, "its header says"},
		{"no chunk", glbOf(), invalid, "no JSON chunk"},
		{"a chunk's header cut", glbOf("JSON", padded(least, " ")+"    ")[:16], invalid, "its header says"},
		{"no room for a chunk's header", func() []byte {
			f := append(glbOf("JSON", padded(least, " ")), 0, 0, 0, 0)
			f[8] += 4
			return f
		}(), invalid, "the header of a chunk would be 8 bytes"},
		{"a chunk beyond the end", with(12, 0xfc, 0xff, 0xff, 0xff), invalid, "chunk 0 (\"JSON\") would have 4294967292 bytes"},
		{"a chunk that is not aligned", glbOf("JSON", least), invalid, "no multiple of 4"},
		{"BIN first", glbOf("BIN\x00", "abcd", "JSON", padded(least, " ")), invalid, "first chunk is \"BIN\\x00\""},
		{"JSON twice", glbOf("JSON", padded(least, " "), "JSON", padded(least, " ")), invalid, "second JSON"},
		{"BIN third", glbOf("JSON", padded(least, " "), "MORE", "", "BIN\x00", "abcd"), invalid, "only be the second"},
		{"BIN twice", glbOf("JSON", padded(sceneJSON, " "), "BIN\x00", sceneBIN(), "BIN\x00", sceneBIN()), invalid, "only be the second"},
		{"many chunks", glbOf(many...), unsupported, "more than 64 chunks"},
		{"a JSON of 16 MiB and more", big, unsupported, "JSON has 16777220 bytes"},
		{"a BIN that nothing stands for", glbOf("JSON", padded(least, " "), "BIN\x00", "abcd"), invalid, "buffers[0] does not stand for it"},
		{"a BIN beside a buffer of its own", glbOf("JSON", padded(`{"asset":{"version":"2.0"},"buffers":[{"byteLength":3,"uri":"data:;base64,AAAA"}]}`, " "), "BIN\x00", "abcd"), invalid, "buffers[0] does not stand for it"},
		{"no BIN", glbOf("JSON", padded(sceneJSON, " ")), invalid, "no BIN chunk"},
		{"a BIN too short", glbOf("JSON", padded(sceneJSON, " "), "BIN\x00", sceneBIN()[:156]), invalid, "byteLength is 158, and the BIN chunk has 156"},
		{"a BIN too long", glbOf("JSON", padded(sceneJSON, " "), "BIN\x00", sceneBIN()+"abcd"), invalid, "and its padding"},
	} {
		turnedAway(t, c.what, c.file, media.GLB, c.name, c.words)
	}
	turnedAway(t, "a picture", []byte(pngSign), media.PNG, unsupported, "image/png is not a type of 3D model")
}

func TestGLBText(t *testing.T) {
	const invalid, unsupported = media.InvalidMedia, media.UnsupportedMedia
	for _, c := range []struct{ what, text, name, words string }{
		{"no JSON", "nothing else", invalid, "can't be read"},
		{"zeros", "\x00\x00\x00\x00", invalid, "can't be read"},
		{"an array", "[]", invalid, "its JSON is not an object"},
		{"two values", least + "{}", invalid, "can't be read"},
		{"a trailing comma", `{"asset":{"version":"2.0"},}`, invalid, "at byte 28"},
		{"a byte order mark", "\xef\xbb\xbf" + least, invalid, "byte order mark"},
		{"UTF-16", "{\x00}\x00", invalid, "can't be read"},
		{"Latin-1", `{"asset":{"version":"2.0","copyright":"` + "\xe9" + `"}}`, invalid, "not UTF-8"},
		{"no asset", "{}", invalid, "asset.version"},
		{"no version", `{"asset":{}}`, invalid, "asset.version"},
		{"version 1", `{"asset":{"version":"1.0"}}`, unsupported, "version 1.0"},
		{"a version that needs another", `{"asset":{"version":"2.0","minVersion":"3.0"}}`, unsupported, "version 3.0"},
		{"no number", `{"asset":{"version":"2.x"}}`, invalid, "no version"},
		{"a number", `{"asset":{"version":2.0}}`, invalid, "asset.version is not a string"},
		{"in other letters", `{"Asset":{"version":"2.0"}}`, invalid, "asset.version"},
		{"a name twice", `{"asset":{"version":"2.0"},"buffers":[],"buffers":[]}`, invalid, `two members "buffers"`},
		{"a name twice, spelt otherwise", `{"asset":{"version":"2.0"},"buffers":[],"b\u0075ffers":[]}`, invalid, `two members "buffers"`},
		{"a depth of 100 thousand", `{"asset":{"version":"2.0"},"extras":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", invalid, "can't be read"},
		{"a depth of 100", `{"asset":{"version":"2.0"},"extras":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", unsupported, "nested more than 64 deep"},
		{"300 thousand nodes", `{"asset":{"version":"2.0"},"nodes":[` + strings.Repeat("{},", 300_000) + "{}]}", unsupported, "more than 262144 values in nodes"},
		{"many references", `{"asset":{"version":"2.0"},"nodes":[` + strings.Repeat(`{"children":[`+strings.Repeat("0,", 50_000)+"0]},", 30) + "{}]}", unsupported, "more than 1048576 things"},
		{"required and not used", `{"asset":{"version":"2.0"},"extensionsRequired":["X"]}`, invalid, `extensionsRequired names "X"`},
		{"nodes that are none", `{"asset":{"version":"2.0"},"nodes":[1]}`, invalid, "nodes[0] is not an object"},
		{"a tall tree", chain(maxTreeHeight + 1), unsupported, "more than 1000 nodes below each other"},
	} {
		turnedAway(t, c.what, glbOf("JSON", padded(c.text, " ")), media.GLB, c.name, c.words)
	}
}

func TestGLBReferences(t *testing.T) {
	const invalid, unsupported = media.InvalidMedia, media.UnsupportedMedia
	for _, c := range []struct{ what, from, to, name, words string }{
		{"a buffer on the net", `{"byteLength": 158}`, `{"byteLength": 158}, {"byteLength": 4, "uri": "http://169.254.169.254/x"}`, unsupported, `refers to another file, "http://169.254.169.254/x" in buffers[1].uri`},
		{"a buffer beside the file", `{"byteLength": 158}`, `{"byteLength": 158, "uri": "scene.bin"}`, unsupported, "refers to another file"},
		{"a file of the system", `"uri": "data:image/png;base64,iVBORw0KGgo="`, `"uri": "file:///etc/passwd"`, unsupported, "images[1].uri"},
		{"an image beside the file", `"uri": "data:image/png;base64,iVBORw0KGgo="`, `"uri": "../../secret.png"`, unsupported, "refers to another file"},
		{"an empty uri", `"uri": "data:image/png;base64,iVBORw0KGgo="`, `"uri": ""`, unsupported, "refers to another file"},
		{"a uri in an extension", `"extras": {`, `"extensions": {"X_sound": {"clips": [{"uri": "//evil.example/a.mp3"}]}}, "extras": {`, unsupported, "evil.example"},
		{"a schema in an extension", `"extras": {`, `"extensions": {"EXT_structural_metadata": {"schemaUri": "s.json"}}, "extras": {`, unsupported, "extensions.EXT_structural_metadata.schemaUri"},
		{"data that is text", `data:image/png;base64,iVBORw0KGgo=`, `data:image/png,hello`, invalid, "not base64"},
		{"data that is no base64", `data:image/png;base64,iVBORw0KGgo=`, `data:image/png;base64,!!!!`, invalid, "base64 can't be read"},
		{"data of a drawing", `data:image/png;base64,iVBORw0KGgo=`, `data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte("<svg/>")), invalid, "images[1] does not begin"},
		{"a second buffer", `{"byteLength": 158}`, `{"byteLength": 158}, {"byteLength": 4}`, unsupported, "buffers[1] outside the file"},
		{"data too short", `{"byteLength": 158}`, `{"byteLength": 158}, {"byteLength": 4, "uri": "data:;base64,AAAA"}`, invalid, "holds 3 bytes"},
		{"a buffer of no length", `{"byteLength": 158}`, `{}`, invalid, "buffers[0] has no byteLength"},
		{"a buffer of 0 bytes", `{"byteLength": 158}`, `{"byteLength": 0}`, invalid, "at least 1"},
		{"a negative length", `{"byteLength": 158}`, `{"byteLength": -158}`, invalid, "whole number"},
		{"half a byte", `{"byteLength": 158}`, `{"byteLength": 158.5}`, invalid, "whole number"},
		{"1e300 bytes", `{"byteLength": 158}`, `{"byteLength": 1e300}`, invalid, "whole number"},
		{"1e999 bytes", `{"byteLength": 158}`, `{"byteLength": 1e999}`, invalid, "fits 64 bits"},
		{"an image that is another", `"mimeType": "image/png"`, `"mimeType": "image/jpeg"`, invalid, "says that it is image/jpeg"},
		{"an image that is a drawing", `"mimeType": "image/png"`, `"mimeType": "image/svg+xml"`, unsupported, "image/svg+xml"},
		{"an image without a type", `"bufferView": 4, "mimeType": "image/png"`, `"bufferView": 4`, invalid, "images[0] has no mimeType"},
		{"an image twice", `"bufferView": 4, "mimeType"`, `"bufferView": 4, "uri": "data:;base64,AAAA", "mimeType"`, invalid, "either a bufferView or a uri"},
		{"an image without bytes", `"bufferView": 4, "mimeType"`, `"mimeType"`, invalid, "either a bufferView or a uri"},
		{"a view of another buffer", `"buffer": 0, "byteOffset": 148`, `"buffer": 1, "byteOffset": 148`, invalid, "bufferViews[4].buffer is 1, and there are 1 buffers"},
		{"a view beyond its buffer", `148, "byteLength": 10`, `148, "byteLength": 11`, invalid, "bufferViews[4] is 11 bytes at 148, and buffers[0] has 158"},
		{"a view that overflows", `148, "byteLength": 10`, `9007199254740992, "byteLength": 9007199254740992`, invalid, "bufferViews[4] is"},
		{"a view of no length", `148, "byteLength": 10`, `148`, invalid, "no byteLength"},
		{"a stride of 5", `"target": 34962`, `"byteStride": 5`, invalid, "byteStride is 5"},
		{"a stride of 256", `"target": 34962`, `"byteStride": 256`, invalid, "byteStride is 256"},
		{"a stride beyond the view", `"target": 34962`, `"byteStride": 40`, invalid, "byteStride is 40"},
		{"a stride below an element", `"target": 34962`, `"byteStride": 8`, invalid, "elements of 12 bytes, and bufferViews[0].byteStride is 8"},
		{"an accessor of another view", `{"bufferView": 2,`, `{"bufferView": 5,`, invalid, "accessors[2].bufferView is 5"},
		{"an accessor one too long", `"count": 3, "type": "SCALAR"`, `"count": 4, "type": "SCALAR"`, invalid, "accessors[1] is 4 elements of 2 bytes"},
		{"an accessor of 2^53", `"count": 3, "type": "SCALAR"`, `"count": 9007199254740992, "type": "SCALAR"`, unsupported, "9007199254740992 elements in accessors[1]"},
		{"an accessor that overflows", `"byteOffset": 8, "componentType"`, `"byteOffset": 9007199254740992, "componentType"`, invalid, "accessors[4]"},
		{"an accessor out of step", `"byteOffset": 8, "componentType"`, `"byteOffset": 2, "componentType"`, invalid, "multiple of 4 bytes"},
		{"a view out of step", `"byteOffset": 44, "byteLength": 64`, `"byteOffset": 42, "byteLength": 64`, invalid, "accessors[2] does not begin"},
		{"a component of no type", `"componentType": 5123, "count": 3`, `"componentType": 5124, "count": 3`, invalid, "componentType is 5124"},
		{"elements of no type", `"count": 2, "type": "VEC4"`, `"count": 2, "type": "VEC5"`, invalid, `"VEC5"`},
		{"a bomb of zeros", `{"componentType": 5126, "count": 3,`, `{"componentType": 5126, "count": 2000000000,`, unsupported, "stand for more than"},
		{"sparse and too many", `"sparse": {"count": 1`, `"sparse": {"count": 4`, invalid, "accessors[5].sparse has 4"},
		{"sparse indices too short", `"indices": {"bufferView": 1, "componentType": 5123}`, `"indices": {"bufferView": 1, "byteOffset": 6, "componentType": 5123}`, invalid, "accessors[5].sparse.indices"},
		{"sparse indices of floats", `"indices": {"bufferView": 1, "componentType": 5123}`, `"indices": {"bufferView": 2, "componentType": 5126}`, invalid, "5121, 5123 or 5125"},
		{"sparse values elsewhere", `"values": {"bufferView": 0}`, `"values": {"bufferView": 9}`, invalid, "sparse.values.bufferView is 9"},
		{"sparse values too short", `"values": {"bufferView": 0}`, `"values": {"bufferView": 4, "byteOffset": 0}`, invalid, "accessors[5].sparse.values"},
		{"a mesh of no shape", `"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0, "mode": 4, "targets": [{"POSITION": 5}]}]`, `"primitives": []`, invalid, "meshes[0] has no primitives"},
		{"a shape of nothing", `"attributes": {"POSITION": 0}`, `"attributes": {}`, invalid, "no attributes"},
		{"a mode of 7", `"mode": 4`, `"mode": 7`, invalid, "mode is 7"},
		{"positions that are numbers", `"attributes": {"POSITION": 0}`, `"attributes": {"POSITION": 1}`, invalid, "POSITION of SCALAR"},
		{"attributes of two lengths", `"attributes": {"POSITION": 0}`, `"attributes": {"POSITION": 0, "_X": 3}`, invalid, `2 of "_X"`},
		{"indices that are positions", `"indices": 1, "material"`, `"indices": 0, "material"`, invalid, "must be SCALAR"},
		{"no such material", `"material": 0`, `"material": 1`, invalid, "meshes[0].primitives[0].material is 1, and there are 1 materials"},
		{"no such texture", `"baseColorTexture": {"index": 0}`, `"baseColorTexture": {"index": 7}`, invalid, "baseColorTexture.index is 7"},
		{"no such texture in an extension", `"clearcoatTexture": {"index": 1}`, `"clearcoatTexture": {"index": 2}`, invalid, "clearcoatTexture.index is 2"},
		{"a texture that is none", `"baseColorTexture": {"index": 0}`, `"baseColorTexture": {}`, invalid, "has no index"},
		{"no such image", `{"sampler": 0, "source": 0}`, `{"sampler": 0, "source": 2}`, invalid, "textures[0].source is 2"},
		{"no such sampler", `{"sampler": 0, "source": 0}`, `{"sampler": 1, "source": 0}`, invalid, "textures[0].sampler is 1"},
		{"no such mesh", `{"mesh": 0`, `{"mesh": 1`, invalid, "nodes[1].mesh is 1"},
		{"no such camera", `{"camera": 0`, `{"camera": 1`, invalid, "nodes[2].camera is 1"},
		{"no such skin", `"skin": 0`, `"skin": 1`, invalid, "nodes[1].skin is 1"},
		{"no such scene", `"scene": 0`, `"scene": 1`, invalid, "scene is 1, and there are 1 scenes"},
		{"no such joint", `"joints": [2]`, `"joints": [3]`, invalid, "a joint of skins[0] is 3"},
		{"no joints", `"joints": [2]`, `"joints": []`, invalid, "no joints"},
		{"matrices that are none", `"inverseBindMatrices": 2`, `"inverseBindMatrices": 0`, invalid, "must be MAT4"},
		{"a node of no place", `{"nodes": [0], "name"`, `{"nodes": [3], "name"`, invalid, "a node of scenes[0] is 3"},
		{"a child as a root", `{"nodes": [0], "name"`, `{"nodes": [1], "name"`, invalid, "it is a child of nodes[0]"},
		{"a child of no place", `"children": [1, 2]`, `"children": [1, 2, 3]`, invalid, "a child of nodes[0] is 3"},
		{"its own child", `"children": [1, 2]`, `"children": [1, 2, 0]`, invalid, "nodes[0] is a child of nodes[0]"},
		{"the same child twice", `"children": [1, 2]`, `"children": [1, 1]`, invalid, "nodes[1] is a child of nodes[0], and of another"},
		{"a circle", `{"camera": 0, "translation": [0.5, 1e1, -2]}`, `{"camera": 0}, {"children": [4]}, {"children": [3]}`, invalid, "2 of its nodes are below themselves"},
		{"a matrix of 15", `0,0,0,1]}`, `0,0,0]}`, invalid, "does not have 16 numbers"},
		{"a place that is no number", `"translation": [0.5, 1e1, -2]`, `"translation": [0.5, null, -2]`, invalid, "translation[1] is not a number"},
		{"an animation of no sampler", `{"sampler": 0, "target"`, `{"sampler": 1, "target"`, invalid, "channels[0] the sampler 1"},
		{"an animation of no node", `"target": {"node": 1`, `"target": {"node": 8`, invalid, "target.node is 8"},
		{"an animation without channels", `"channels": [{"sampler": 0, "target": {"node": 1, "path": "rotation"}}]`, `"channels": []`, invalid, "no channels and samplers"},
	} {
		turnedAway(t, c.what, changed(t, c.from, c.to), media.GLB, c.name, c.words)
	}
	for what, c := range map[string][2]string{
		"compressed bytes beyond the buffer": {`"byteOffset":1,"byteLength":3,`, `"byteOffset":2,"byteLength":3,`},
		"compressed bytes in the stand-in":   {`{"buffer":0,"byteOffset":1`, `{"buffer":1,"byteOffset":1`},
	} {
		text := strings.Replace(meshopt, c[0], c[1], 1)
		turnedAway(t, what, glbOf("JSON", padded(text, " "), "BIN\x00", "abcd"), media.GLB, media.InvalidMedia, "does not hold them")
	}
	text := strings.ReplaceAll(meshopt, `"byteLength":64`, fmt.Sprintf(`"byteLength":%d`, maxUnbacked+1))
	turnedAway(t, "a stand-in of a gigabyte", glbOf("JSON", padded(text, " "), "BIN\x00", "abcd"), media.GLB, media.UnsupportedMedia, "not in the file")
}

func TestElementSize(t *testing.T) {
	for kind, want := range map[string][3]int64{ // of bytes, shorts, floats
		"SCALAR": {1, 2, 4}, "VEC2": {2, 4, 8}, "VEC3": {3, 6, 12}, "VEC4": {4, 8, 16},
		"MAT2": {8, 8, 16}, "MAT3": {12, 24, 36}, "MAT4": {16, 32, 64},
	} {
		if got := [3]int64{elementSize(kind, 5121), elementSize(kind, 5122), elementSize(kind, 5126)}; got != want {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
	if within(math.MaxInt64, 1, 10) || within(1, math.MaxInt64, 10) || !within(4, 6, 10) || within(5, 6, 10) {
		t.Error("within is wrong")
	}
}

func TestGLBCounts(t *testing.T) {
	file := scene()
	f, err := examine(source{bytes.NewReader(file), int64(len(file))}, media.GLB)
	if err != nil {
		t.Fatal(err)
	}
	want := media.ModelFacts{
		Scenes: 1, Nodes: 3, Meshes: 1, Primitives: 1, Vertices: 3, Triangles: 1, Materials: 1, Textures: 2, Images: 2, Skins: 1, Animations: 1,
	}
	if f.facts != want || f.size != int64(len(file)) {
		t.Errorf("%+v, %d bytes", f.facts, f.size)
	}
}

// A file that is cut or altered anywhere is taken or turned away in words, and
// what is served of one that is taken is taken as it is.
func FuzzGLB(f *testing.F) {
	f.Add(scene())
	f.Add(glbOf("JSON", padded(meshopt, " "), "BIN\x00", "abcd"))
	f.Add(glbOf("JSON", padded(least, " "), "MORE", "abcd"))
	f.Add(glbOf("JSON", padded(`{"asset":{"version":"2.0"},"buffers":[{"byteLength":3,"uri":"data:;base64,AAAA"}]}`, " ")))
	f.Fuzz(func(t *testing.T, file []byte) { holdsUp(t, file, media.GLB) })
}

func TestGLBCutAndAltered(t *testing.T) {
	whole := scene()
	for n := range whole {
		turnedAway(t, fmt.Sprintf("%d of %d bytes", n, len(whole)), whole[:n], media.GLB, media.InvalidMedia, "The model is damaged: ")
	}
	for at := range whole {
		file := bytes.Clone(whole)
		file[at] ^= byte(1 + at%255)
		holdsUp(t, file, media.GLB)
	}
}
