package e2e

import (
	"archive/zip"
	"bytes"
	endian "encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"strings"
	"testing"
)

// triangleGLB is a triangle: three points behind the JSON that says so.
func triangleGLB() []byte {
	const text = `{"asset":{"version":"2.0"},"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],"meshes":[{"primitives":[{"attributes":{"POSITION":0}}]}],` +
		`"accessors":[{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3","min":[0,0,0],"max":[1,1,0]}],` +
		`"bufferViews":[{"buffer":0,"byteLength":36}],"buffers":[{"byteLength":36}]}`
	points := encoded(func(b *bytes.Buffer) error {
		return endian.Write(b, endian.LittleEndian, []float32{0, 0, 0, 1, 0, 0, 0, 1, 0})
	})
	return glb(text, points)
}

func glb(text string, bin []byte) []byte {
	le := endian.LittleEndian
	text += strings.Repeat(" ", (4-len(text)%4)%4)
	b := le.AppendUint32([]byte("glTF\x02\x00\x00\x00"), uint32(28+len(text)+len(bin)))
	b = append(append(le.AppendUint32(b, uint32(len(text))), "JSON"...), text...)
	return append(append(le.AppendUint32(b, uint32(len(bin))), "BIN\x00"...), bin...)
}

// usdz is an archive of one layer and one picture, each at a multiple of step.
func usdz(t *testing.T, step int, method uint16, layer string) []byte {
	t.Helper()
	return encoded(func(b *bytes.Buffer) error {
		z := zip.NewWriter(b)
		for _, f := range []struct{ name, data string }{{"scene.usda", layer}, {"0/wood.png", string(samplePNG())}} {
			if err := z.Flush(); err != nil {
				return err
			}
			pad := (step - (b.Len()+30+len(f.name)+4)%step) % step
			h := &zip.FileHeader{Name: f.name, Method: method, Extra: append([]byte{0x86, 0x19, byte(pad), 0}, make([]byte, pad)...)}
			h.CRC32, h.UncompressedSize64, h.CompressedSize64 = crc32.ChecksumIEEE([]byte(f.data)), uint64(len(f.data)), uint64(len(f.data))
			w, err := z.CreateRaw(h)
			if err != nil {
				return err
			}
			if _, err := w.Write([]byte(f.data)); err != nil {
				return err
			}
		}
		return z.Close()
	})
}

const layer = "#usda 1.0\n\ndef Sphere \"ball\"\n{\n    double radius = 1\n}\n"

// TestModels uploads 3D models and opens what viewers get.
func TestModels(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	small, err := os.ReadFile("../internal/processing/model/testdata/three.glb")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, kind, ends string
		file             []byte
		same             bool
		facts            string
	}{
		{"a triangle", "model/gltf-binary", "/model.glb", triangleGLB(), true, `{"bounds":{"max":[1,1,0],"min":[0,0,0]},"bytes":376,"meshes":1,"nodes":1,"primitives":1,"scenes":1,"triangles":1,"vertices":3}`},
		{"boxes of three.js", "model/gltf-binary", "/model.glb", small, true, `{"animations":1,"bounds":{"max":[0.5,2.25,1.5],"min":[-0.5,-1,-1.5]},"bytes":4472,"materials":2,"meshes":2,"nodes":3,"primitives":2,"scenes":1,"triangles":24,"vertices":48}`},
		{"a sphere", "model/vnd.usdz+zip", "/model.usdz", usdz(t, 64, zip.Store, layer), false, `{"bytes":3070,"images":1,"layers":1,"members":2}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := client{t: t, url: c.url, token: secret}
			up := c.upload(row.kind, "", row.file, 1000)
			if up["processing_info"] != nil {
				t.Errorf("finalize says %v, want a model that is ready", up)
			}
			facts, _ := c.call("GET", "/2/media/"+up["media_key"].(string)+"?media.fields=model", nil).data()["model"].(map[string]any)
			if got, _ := json.Marshal(facts); string(got) != row.facts {
				t.Errorf("counted %s, want %s", got, row.facts)
			}
			own, _ := c.call("GET", "/magpie/v1/media/"+up["id"].(string), nil).data()["model"].(map[string]any)
			if got, _ := json.Marshal(own); string(got) != row.facts {
				t.Errorf("the library says %s, want %s", got, row.facts)
			}
			m := c.lookup(up["media_key"].(string))
			url, _ := m["url"].(string)
			if m["model"] != nil || m["type"] != "model" || !strings.HasSuffix(url, row.ends) {
				t.Fatalf("lookup says %v", m)
			}
			a := public(c, url)
			for name, want := range map[string]string{
				"Content-Type": row.kind, "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*", "Accept-Ranges": "bytes",
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if row.same != bytes.Equal(a.body, row.file) {
				t.Errorf("%d bytes are served of %d", len(a.body), len(row.file))
			}
			if row.kind == "model/vnd.usdz+zip" {
				z, err := zip.NewReader(bytes.NewReader(a.body), int64(len(a.body)))
				if err != nil || len(z.File) != 2 || z.File[0].Name != "scene.usda" || z.File[1].CRC32 != crc32.ChecksumIEEE(samplePNG()) {
					t.Errorf("what is served: %v", err)
				}
			}
			if part := c.as("").call("GET", url, nil, "Range", "bytes=0-3"); part.status != http.StatusPartialContent || !bytes.Equal(part.body, row.file[:4]) {
				t.Errorf("four bytes of it: %d %q", part.status, part.body)
			}
			if sum(c.original(up["id"].(string)).body) != sum(row.file) {
				t.Error("the original is not what was sent")
			}
		})
	}
}

// TestModelsRefused uploads models that are no such thing, in part.
func TestModelsRefused(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	const gltf, usd = "model/gltf-binary", "model/vnd.usdz+zip"
	sound := triangleGLB()
	deflated := encoded(func(b *bytes.Buffer) error {
		z := zip.NewWriter(b)
		for _, name := range []string{"scene.usda", "more.usda"} {
			h := &zip.FileHeader{Name: name, Method: zip.Store}
			if name == "more.usda" {
				h.Method = zip.Deflate
			}
			w, err := z.CreateHeader(h)
			if err != nil {
				return err
			}
			if _, err := w.Write([]byte(layer)); err != nil {
				return err
			}
		}
		return z.Close()
	})
	for _, row := range []struct {
		what, kind, name string
		file             []byte
		words            []string
	}{
		{"a buffer on the net", gltf, "UnsupportedMedia", glb(`{"asset":{"version":"2.0"},"buffers":[{"byteLength":4,"uri":"http://127.0.0.1:1/secret.bin"}]}`, nil), []string{"another file", "buffers[0].uri"}},
		{"a picture beside it", gltf, "UnsupportedMedia", glb(`{"asset":{"version":"2.0"},"images":[{"uri":"../../etc/passwd"}]}`, nil), []string{"another file", "images[0].uri"}},
		{"cut", gltf, "InvalidMedia", sound[:len(sound)-8], []string{"header says", fmt.Sprint(len(sound))}},
		{"a page behind it", gltf, "InvalidMedia", append(bytes.Clone(sound), "<html></html>"...), []string{"header says"}},
		{"a circle", gltf, "InvalidMedia", glb(`{"asset":{"version":"2.0"},"nodes":[{"children":[1]},{"children":[0]}]}`, nil), []string{"below themselves"}},
		{"points outside", gltf, "InvalidMedia", bytes.Replace(sound, []byte(`"count":3`), []byte(`"count":4`), 1), []string{"accessors[0]", "bufferViews[0] has 36 bytes"}},
		{"not aligned", usd, "InvalidMedia", usdz(t, 16, zip.Store, layer), []string{"no multiple of 64"}},
		{"a page inside", usd, "InvalidMedia", bytes.ReplaceAll(usdz(t, 64, zip.Store, layer), []byte("wood.png"), []byte("wood.htm")), []string{"wood.htm", "no sort"}},
		{"climbing", usd, "InvalidMedia", bytes.ReplaceAll(usdz(t, 64, zip.Store, layer), []byte("0/wood.png"), []byte("../ood.png")), []string{`".."`}},
		{"compressed", usd, "InvalidMedia", deflated, []string{"sizes behind it"}},
		{"altered", usd, "InvalidMedia", bytes.Replace(usdz(t, 64, zip.Store, layer), []byte("radius = 1"), []byte("radius = 9"), 1), []string{"scene.usda", "sum"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			c := client{t: t, url: c.url, token: secret}
			id := c.initialize(row.kind, "", len(row.file))
			c.append(id, 0, row.file).data()
			message := c.finalize(id).refused(http.StatusBadRequest, row.words...)
			why, _ := c.await(id)["error"].(map[string]any)
			if words, _ := why["message"].(string); why["name"] != row.name || !strings.Contains(message, words) {
				t.Errorf("the status says %v, and finalize said %q", why, message)
			}
			if m := c.lookup("1021_" + id); m["url"] != nil {
				t.Errorf("lookup says %v", m)
			}
		})
	}
}
