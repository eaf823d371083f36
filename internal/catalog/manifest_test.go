package catalog

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

func TestManifestComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blob := rapid.Custom(func(t *rapid.T) media.Blob {
			return media.Blob{
				Key:  rapid.StringMatching(`([a-c]/){0,3}[a-z0-9._-]{0,4}`).Draw(t, "key"),
				Size: rapid.Int64().Draw(t, "size"),
				CRC:  rapid.Uint32().Draw(t, "crc"),
			}
		})
		var m media.Manifest
		if blobs := rapid.SliceOf(blob).Draw(t, "blobs"); len(blobs) > 0 {
			m = blobs
		}
		text, err := encodeManifest(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeManifest(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatalf("through %s (-want +got):\n%s", text, diff)
		}
	})
}

func TestManifestText(t *testing.T) {
	for _, tc := range []struct {
		manifest media.Manifest
		want     string
	}{
		{nil, `{}`},
		{media.Manifest{{Key: "segments/1/a", Size: 5, CRC: 4294967295}}, `{"prefix":"segments/1/","names":["a"],"sizes":[5],"crcs":[4294967295]}`},
		{
			media.Manifest{{Key: "segments/1/aa", Size: 1}, {Key: "segments/1/ab", Size: 2}},
			`{"prefix":"segments/1/","names":["aa","ab"],"sizes":[1,2],"crcs":[0,0]}`,
		},
		{
			media.Manifest{{Key: "segments/1/a", Size: 1}, {Key: "other", Size: 2}},
			`{"names":["segments/1/a","other"],"sizes":[1,2],"crcs":[0,0]}`,
		},
	} {
		got, err := encodeManifest(tc.manifest)
		if err != nil {
			t.Fatal(err)
		}
		if got != tc.want {
			t.Errorf("encodeManifest(%v)\n got %s\nwant %s", tc.manifest, got, tc.want)
		}
	}
}

func TestManifestIsCompact(t *testing.T) {
	var m media.Manifest
	for i := range 1000 {
		m = append(m, media.Blob{
			Key:  fmt.Sprintf("segments/1146654567674912769/%03d-%d-%08x-0123456789abcdef", i, 17<<20, 0xffffffff-i),
			Size: 17 << 20,
			CRC:  uint32(0xffffffff - i),
		})
	}
	text, err := encodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 64<<10 {
		t.Errorf("a manifest of 1000 blobs takes %d bytes", len(text))
	}
}

func FuzzDecodeManifest(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `{"names":["a"]}`, `{"names":["a"],"sizes":[1],"crcs":[1,2]}`,
		`{"names":["a"],"sizes":[1],"crcs":[4294967296]}`, `{"names":["a"],"sizes":[1.5],"crcs":[1]}`,
		`{"prefix":"p/","names":["a","b"],"sizes":[1,-2],"crcs":[0,4294967295]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := decodeManifest(text)
		if err != nil {
			if m != nil {
				t.Fatalf("error %v and a manifest", err)
			}
			return
		}
		again, err := encodeManifest(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeManifest(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestDamagedManifest(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{"names":["a"]}`, `{"names":["a"],"sizes":[1,2],"crcs":[1]}`,
		`{"names":["a"],"sizes":[1],"crcs":[]}`, `{"names":["a"],"sizes":[1],"crcs":[4294967296]}`, `{"names":["a"],"sizes":[1],"crcs":[1]`,
	} {
		if m, err := decodeManifest(text); err == nil {
			t.Errorf("decodeManifest(%q) = %v", text, m)
		}
	}
}
