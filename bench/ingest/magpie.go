package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// secret is the token of every magpie.
const secret = "bench-bootstrap-0123456789abcdef0123456789abcdef"

// magpie drives magpie serve.
type magpie struct{ *server }

func (r *run) startMagpie(ctx context.Context, more ...string) (magpie, error) {
	s, err := r.start(ctx, "magpie", `msg=serving url=http://(\S+)`, func(folder string) []string {
		return append([]string{r.magpie, "serve", "--listen", "127.0.0.1:0", "--data", folder}, more...)
	}, "MAGPIE_BOOTSTRAP_TOKEN="+secret)
	return magpie{s}, err
}

const (
	authorized = "Authorization: Bearer " + secret + "\r\n"
	asJSON     = authorized + "Content-Type: application/json\r\n"
	boundary   = "----------------------------8d7f3a1c5b9e2460"
	asForm     = authorized + "Content-Type: multipart/form-data; boundary=" + boundary + "\r\n"
	formEnd    = "\r\n--" + boundary + "--\r\n"
)

// uploaded is what magpie's answers are read for.
type uploaded struct {
	Data struct {
		ID         string
		Size       int64
		ExpiresAt  int64 `json:"expires_at"`
		Processing *struct {
			State string
		} `json:"processing_info"`
	}
}

// call asks magpie something and reads its answer.
func call(w *wire, p payload, q request) (uploaded, error) {
	var u uploaded
	a, err := w.ask(p, q, 200)
	if err == nil {
		err = json.Unmarshal(a.body, &u)
	}
	return u, err
}

// initialize opens an upload.
func initialize(w *wire, size int64) (id string, err error) {
	u, err := call(w, nil, request{
		line: "POST /2/media/upload/initialize", fields: asJSON,
		before: fmt.Appendf(nil, `{"media_type":"video/mp4","media_category":"tweet_video","total_bytes":%d}`, size),
	})
	if err == nil && u.Data.ID == "" {
		err = fmt.Errorf("initialize gives no id: %+v", u)
	}
	return u.Data.ID, err
}

// appended sends one segment as a form.
func appended(w *wire, p payload, id string, index int, s piece) error {
	u, err := call(w, p, request{
		line: "POST /2/media/upload/" + id + "/append", fields: asForm,
		before: formBegin(index), piece: s, after: []byte(formEnd),
	})
	if err == nil && u.Data.ExpiresAt == 0 {
		err = fmt.Errorf("append does not say when the upload expires: %+v", u)
	}
	return err
}

func formBegin(index int) []byte {
	return []byte("--" + boundary + "\r\nContent-Disposition: form-data; name=\"segment_index\"\r\n\r\n" + strconv.Itoa(index) +
		"\r\n--" + boundary + "\r\nContent-Disposition: form-data; name=\"media\"; filename=\"blob\"\r\nContent-Type: application/octet-stream\r\n\r\n")
}

// finalized ends an upload, of which magpie must say the right size.
func finalized(w *wire, id string, size int64) error {
	u, err := call(w, nil, request{line: "POST /2/media/upload/" + id + "/finalize", fields: authorized})
	if err == nil && u.Data.Size != size {
		err = fmt.Errorf("finalize says %d bytes, want %d", u.Data.Size, size)
	}
	return err
}

func (m magpie) ingest(_ context.Context, p payload, load load) (timing, error) {
	_, t, err := m.upload(p, load)
	return t, err
}

// upload makes one upload by several connections.
func (m magpie) upload(p payload, load load) (id string, t timing, err error) {
	pieces := p.video(load.size, load.segment)
	wires, err := m.dial(load.conns)
	if err != nil {
		return "", t, err
	}
	defer hangUp(wires)
	if id, err = initialize(wires[0], load.size); err != nil {
		return "", t, err
	}
	began := time.Now()
	err = share(wires, len(pieces), func(w *wire, i int) error { return appended(w, p, id, i, pieces[i]) })
	if err != nil {
		return "", t, err
	}
	t.durable = time.Since(began)
	ends := time.Now()
	err = finalized(wires[0], id, load.size)
	t.finish, t.finished = time.Since(ends), time.Since(began)
	return id, t, err
}
