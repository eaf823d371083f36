package model

import (
	"fmt"
	"math"
	"testing"

	"magpie/internal/media"
)

// standingScene is two boxes: a unit cube that some nodes place, and what else
// is put in.
func standingScene(scene, nodes, more string) []byte {
	return glbOf("JSON", padded(fmt.Sprintf(`{"asset": {"version": "2.0"}, %s "scenes": [%s], "nodes": [%s],
 "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}, {"attributes": {"POSITION": 1}}]}],
 "accessors": [{"componentType": 5126, "count": 8, "type": "VEC3", "min": [-1, -1, -1], "max": [0, 1, 1]},
  {"componentType": 5126, "count": 8, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 1]}]}`, more, scene, nodes), " "))
}

func TestBounds(t *testing.T) {
	const root2 = "0.70710678118654752"
	box := func(n ...float64) *media.Box {
		return &media.Box{Min: [3]float64(n[:3]), Max: [3]float64(n[3:])}
	}
	for what, c := range map[string]struct {
		scene, nodes, more string
		want               *media.Box
	}{
		"as it is":    {`{"nodes": [0]}`, `{"mesh": 0}`, "", box(-1, -1, -1, 1, 1, 1)},
		"moved":       {`{"nodes": [0]}`, `{"mesh": 0, "translation": [10, 20, 30]}`, "", box(9, 19, 29, 11, 21, 31)},
		"scaled":      {`{"nodes": [0]}`, `{"mesh": 0, "scale": [2, -3, 0]}`, "", box(-2, -3, 0, 2, 3, 0)},
		"turned by z": {`{"nodes": [0]}`, `{"mesh": 0, "rotation": [0, 0, ` + root2 + `, ` + root2 + `], "scale": [3, 1, 1]}`, "", box(-1, -3, -1, 1, 3, 1)},
		"scaled, then turned, then moved": {
			`{"nodes": [0]}`, `{"mesh": 0, "rotation": [0, 0, ` + root2 + `, ` + root2 + `], "scale": [3, 1, 1], "translation": [5, 0, 0]}`, "", box(4, -3, -1, 6, 3, 1),
		},
		"by a matrix":             {`{"nodes": [0]}`, `{"mesh": 0, "matrix": [2,0,0,0, 0,3,0,0, 0,0,4,0, 7,8,9,1]}`, "", box(5, 5, 5, 9, 11, 13)},
		"in a parent":             {`{"nodes": [0]}`, `{"children": [1], "scale": [2, 2, 2]}, {"mesh": 0, "translation": [1, 0, 0]}`, "", box(0, -2, -2, 4, 2, 2)},
		"two":                     {`{"nodes": [0, 1]}`, `{"mesh": 0}, {"mesh": 0, "translation": [9, 0, 0]}`, "", box(-1, -1, -1, 10, 1, 1)},
		"the second scene":        {`{"nodes": [0]}, {"nodes": [1]}`, `{"mesh": 0}, {"mesh": 0, "translation": [9, 0, 0]}`, `"scene": 1,`, box(8, -1, -1, 10, 1, 1)},
		"no scene":                {``, `{"mesh": 0}`, "", nil},
		"nothing in it":           {`{"nodes": [0]}`, `{}`, "", nil},
		"too large to write":      {`{"nodes": [0]}`, `{"scale": [1e300, 1, 1], "children": [1]}, {"mesh": 0, "scale": [1e300, 1, 1]}`, "", nil},
		"moved by joints":         {`{"nodes": [0]}`, `{"mesh": 0, "skin": 0}`, `"skins": [{"joints": [0]}],`, nil},
		"in several places":       {`{"nodes": [0]}`, `{"mesh": 0}`, `"extensionsUsed": ["EXT_mesh_gpu_instancing"],`, nil},
		"another extension's own": {`{"nodes": [0]}`, `{"mesh": 0}`, `"extensionsUsed": ["KHR_lights_punctual"],`, box(-1, -1, -1, 1, 1, 1)},
	} {
		out, err := process(standingScene(c.scene, c.nodes, c.more), media.GLB)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		got := out.outcome.Facts.Model.Bounds
		if (got == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
			continue
		}
		for i := 0; got != nil && i < 3; i++ {
			if math.Abs(got.Min[i]-c.want.Min[i]) > 1e-9 || math.Abs(got.Max[i]-c.want.Max[i]) > 1e-9 {
				t.Errorf("%s: %v, want %v", what, *got, *c.want)
				break
			}
		}
	}
}

// Where an accessor doesn't say how far it reaches, or in another scale, nothing
// is said of the whole.
func TestBoundsNotSaid(t *testing.T) {
	for _, accessor := range []string{
		`{"componentType": 5126, "count": 8, "type": "VEC3"}`,
		`{"componentType": 5126, "count": 8, "type": "VEC3", "min": [0, 0, 0]}`,
		`{"componentType": 5126, "count": 8, "type": "VEC3", "min": [0, 0], "max": [1, 1]}`,
		`{"componentType": 5126, "count": 8, "type": "VEC3", "min": [2, 0, 0], "max": [1, 1, 1]}`,
		`{"componentType": 5122, "normalized": true, "count": 8, "type": "VEC3", "min": [0, 0, 0], "max": [32767, 1, 1]}`,
	} {
		file := glbOf("JSON", padded(`{"asset": {"version": "2.0"}, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
 "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}], "accessors": [`+accessor+`]}`, " "))
		if out, err := process(file, media.GLB); err != nil || out.outcome.Facts.Model.Bounds != nil {
			t.Errorf("%s: %v, %+v", accessor, err, out.outcome.Facts.Model)
		}
	}
}
