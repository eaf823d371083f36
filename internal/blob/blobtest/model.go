package blobtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magpie/internal/blob"
)

// testModel holds the driver against a map, through random commits, aborts,
// deletes and listings.
func testModel(t *testing.T, d blob.Driver) {
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		home := fmt.Sprintf("model%d/", run)
		model := map[string][]byte{}
		keys := rapid.Custom(func(t *rapid.T) string {
			// Never both a/b and a/b/c: folders and names are of different letters.
			folders := rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "12"}), 0, 3).Draw(t, "folders")
			name := rapid.SampledFrom([]string{"a", "b", "a.b", "b-"}).Draw(t, "name")
			return home + strings.Join(append(folders, name), "/")
		})
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			key := keys.Draw(t, "key")
			switch rapid.SampledFrom([]string{"put", "put", "headed", "abort", "delete", "look", "list"}).Draw(t, "step") {
			case "put":
				if _, ok := model[key]; !ok {
					model[key] = rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "data")
					put(t, d, key, model[key])
				}
			case "headed":
				if _, ok := model[key]; !ok {
					model[key] = rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "data")
					head := rapid.IntRange(1, len(model[key])).Draw(t, "head")
					u := headed(t, d, int64(head), model[key][head:])
					if err := u.WriteHead(model[key][:head]); err != nil {
						t.Fatalf("write head: %v", err)
					}
					if err := u.Commit(context.Background(), key); err != nil {
						t.Fatalf("commit %s: %v", key, err)
					}
				}
			case "abort":
				u, err := d.Create(context.Background(), 0, 0)
				if err != nil {
					t.Fatalf("create: %v", err)
				}
				u.Abort()
			case "delete":
				if err := d.Delete(context.Background(), key); err != nil {
					t.Fatalf("delete %s: %v", key, err)
				}
				delete(model, key)
			case "look":
				if data, ok := model[key]; ok {
					wantBytes(t, d, key, data)
				} else {
					wantMissing(t, d, key)
				}
			case "list":
				prefix := key[:strings.LastIndex(key, "/")+1]
				var want []string
				for k := range model {
					if strings.HasPrefix(k, prefix) {
						want = append(want, k)
					}
				}
				wantKeys(t, d, prefix, want...)
			}
		}
		for key := range model {
			if err := d.Delete(context.Background(), key); err != nil {
				t.Fatalf("delete %s: %v", key, err)
			}
		}
	})
}
