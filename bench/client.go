package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"time"
)

// sample is a file to upload.
type sample struct {
	path           string
	kind, category string // media_type and media_category
}

// send uploads a sample in so many segments, up to where it could be finalized.
func (s *server) send(ctx context.Context, f sample, segments int) (id string, err error) {
	file, err := os.Open(f.path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		return "", err
	}
	size := int(st.Size())
	var opened struct{ Data struct{ ID string } }
	begin := map[string]any{"media_type": f.kind, "media_category": f.category, "total_bytes": size}
	body, err := json.Marshal(begin)
	if err != nil {
		return "", err
	}
	if err := s.call(ctx, http.MethodPost, "/2/media/upload/initialize", "application/json", body, &opened); err != nil {
		return "", err
	}
	id = opened.Data.ID
	var b bytes.Buffer // one for all: memory that the measuring takes is missed by what is measured
	for i := range segments {
		from, to := size*i/segments, size*(i+1)/segments
		kind, err := form(&b, i, io.NewSectionReader(file, int64(from), int64(to-from)))
		if err == nil {
			err = s.call(ctx, http.MethodPost, "/2/media/upload/"+id+"/append", kind, b.Bytes(), nil)
		}
		if err != nil {
			return "", err
		}
	}
	return id, nil
}

// form writes the multipart body of one segment into b and gives its type.
func form(b *bytes.Buffer, index int, segment io.Reader) (kind string, err error) {
	b.Reset()
	w := multipart.NewWriter(b) // writing to memory never fails
	_ = w.WriteField("segment_index", strconv.Itoa(index))
	p, _ := w.CreateFormFile("media", "blob")
	if _, err := io.Copy(p, segment); err != nil {
		return "", err
	}
	return w.FormDataContentType(), w.Close()
}

// state is what finalize and STATUS say of processing.
type state struct {
	Data struct {
		Processing *struct {
			State string
			Error *struct{ Message string }
		} `json:"processing_info"`
	}
}

// pause is how long nobody asks whether a media is ready that was finalized so long
// ago. Asking takes the processors that are measured, so of a minute's work it is done
// five times a second.
func pause(since time.Duration) time.Duration {
	return min(max(20*time.Millisecond, since/100), 200*time.Millisecond)
}

// finish finalizes and waits until the media has succeeded.
func (s *server) finish(ctx context.Context, id string) error {
	var now state
	began := time.Now()
	if err := s.call(ctx, http.MethodPost, "/2/media/upload/"+id+"/finalize", "", nil, &now); err != nil {
		return err
	}
	for now.Data.Processing != nil && now.Data.Processing.State != "succeeded" {
		if e := now.Data.Processing.Error; e != nil {
			return fmt.Errorf("%s failed: %s", id, e.Message)
		}
		select {
		case <-time.After(pause(time.Since(began))):
		case <-ctx.Done():
			return ctx.Err()
		}
		now = state{}
		if err := s.call(ctx, http.MethodGet, "/2/media/upload?command=STATUS&media_id="+id, "", nil, &now); err != nil {
			return err
		}
	}
	return nil
}

// measure sends a sample and says what it cost from finalize to succeeded.
func (s *server) measure(ctx context.Context, f sample, segments int) (id string, c cost, err error) {
	if id, err = s.send(ctx, f, segments); err != nil {
		return "", cost{}, err
	}
	if err := s.process().ForgetPeak(); err != nil {
		return "", cost{}, err
	}
	rest, cpu, began := s.process().Peak(), s.process().CPU(), time.Now()
	if err := s.finish(ctx, id); err != nil {
		return "", cost{}, err
	}
	return id, cost{wall: time.Since(began), cpu: s.process().CPU() - cpu, rss: s.process().Peak(), rest: rest}, nil
}

// call sends a request and reads the answer into v, if that is not nil. What is
// busy is asked again when it says.
func (s *server) call(ctx context.Context, method, path, kind string, body []byte, v any) error {
	for {
		r, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		status, after, answer, err := roundTrip(r)
		switch {
		case err != nil:
			return err
		case status == http.StatusServiceUnavailable && after > 0:
			select {
			case <-time.After(after):
			case <-ctx.Done():
				return ctx.Err()
			}
		case status != http.StatusOK:
			return fmt.Errorf("%s %s: %d %s", method, path, status, answer)
		case v == nil:
			return nil
		default:
			return json.Unmarshal(answer, v)
		}
	}
}

func roundTrip(r *http.Request) (status int, after time.Duration, body []byte, err error) {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	return answer.StatusCode, time.Duration(seconds) * time.Second, body, err
}
