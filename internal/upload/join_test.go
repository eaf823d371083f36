package upload

import (
	"io"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func TestJoinFragments(t *testing.T) {
	r := newRig(t, Config{MaxSegment: 30})
	file := gifFile(100)
	var ids []media.ID
	for _, piece := range []string{file[:40], file[40:]} {
		s, err := r.sessions.InitializeSerial(t.Context(), Request{Owner: owner, TotalBytes: int64(len(piece))}, media.Fragment, catalog.Tus{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.stream(Serial{Session: s}, piece); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, s.ID)
	}
	u, err := r.sessions.Join(t.Context(), Request{Owner: owner}, catalog.Tus{Concat: "both"}, ids)
	if err != nil || !u.Complete() || u.Parts != 4 {
		t.Fatalf("joined: %+v, %v", u, err)
	}
	m, err := r.sessions.Finalize(t.Context(), owner, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	body := r.sessions.blobs.Open(t.Context(), m.Manifest, 0, 100)
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || string(got) != file {
		t.Errorf("it has %d bytes, %v", len(got), err)
	}
	if len(r.keys()) != 4 {
		t.Errorf("there is %v", r.keys())
	}
	if again, err := r.sessions.Join(t.Context(), Request{Owner: owner}, catalog.Tus{Concat: "both"}, ids); err != nil || again.ID != u.ID {
		t.Errorf("again: %v, %v", again.ID, err)
	}
	if _, err := r.sessions.Join(t.Context(), Request{Owner: owner}, catalog.Tus{Concat: "other"}, ids); media.CodeOf(err) != media.CodeConflict {
		t.Errorf("in another way: %v", err)
	}
}
