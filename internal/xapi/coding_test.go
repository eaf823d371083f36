package xapi

import (
	"fmt"
	"net/http"
	"testing"
)

func TestCompressedBodies(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	segment := form("segment_index", "0", "media", "x")
	for _, coding := range []string{"gzip", "br", "gzip, identity", "identity, gzip", "x"} {
		for path, kind := range map[string]string{
			"/2/media/upload/initialize": jsonKind, "/2/media/metadata": jsonKind, "/2/media/upload": formKind,
			at(id, "append"): formKind, at(id, "finalize"): formKind,
		} {
			a := s.call("POST", path, segment, "Content-Type", kind, "Content-Encoding", coding)
			a.refused(http.StatusUnsupportedMediaType, fmt.Sprintf("The Content-Encoding %q is not taken", coding))
			if got := a.Header().Get("Accept-Encoding"); got != "identity" {
				t.Errorf("%s: Accept-Encoding %q", path, got)
			}
		}
	}
	if kept := s.kept(); len(kept) > 0 {
		t.Errorf("kept %v", kept)
	}
	if a := s.call("POST", at(id, "append"), segment, "Content-Type", formKind, "Content-Encoding", "Identity"); a.Code != http.StatusOK {
		t.Errorf("identity: %d %s", a.Code, a.Body)
	}
	if a := s.call("GET", "/2/media/upload?media_id="+id.String(), nil, "Content-Encoding", "gzip"); a.Code != http.StatusOK {
		t.Errorf("no body: %d %s", a.Code, a.Body)
	}
}
