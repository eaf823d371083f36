package tus

import (
	"encoding/json"
	"testing"

	"magpie/internal/upload"
)

func TestGet(t *testing.T) {
	s := newServer(t, upload.Config{})
	url := s.begin(100, "Upload-Metadata", "filename YS5naWY=,empty")
	id := idOf(t, url).String()
	read := func() (out struct {
		Data struct {
			ID       string            `json:"id"`
			Key      string            `json:"media_key"`
			State    string            `json:"state"`
			Offset   int64             `json:"upload_offset"`
			Length   int64             `json:"upload_length"`
			Type     string            `json:"media_type"`
			Metadata map[string]string `json:"upload_metadata"`
			Expires  string            `json:"expires_at"`
		}
	},
	) {
		t.Helper()
		a := s.want(s.do("GET", url, nil, "Tus-Resumable", "-"), 200, "Content-Type", "application/json; charset=utf-8")
		if err := json.Unmarshal([]byte(a.body), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	d := read().Data
	if d.ID != id || d.Key != "" || d.State != "uploading" || d.Offset != 0 || d.Length != 100 || d.Expires != "2026-11-23T10:00:00Z" ||
		len(d.Metadata) != 2 || d.Metadata["filename"] != "a.gif" {
		t.Errorf("it begins as %+v", d)
	}
	s.want(s.patch(url, 0, gif(100)), 204)
	d = read().Data
	if d.ID != id || d.Key != "16_"+id || d.State != "pending" || d.Offset != 100 || d.Length != 100 || d.Expires != "" || d.Type != "image/gif" {
		t.Errorf("it ends as %+v", d)
	}
}
