package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
)

// uploadCommand is a client of X's API: what it does here it does there.
type uploadCommand struct {
	File     string `arg:"" type:"existingfile" help:"The file."`
	To       string `default:"http://127.0.0.1:8080" env:"MAGPIE_URL" help:"The server."`
	Token    string `required:"" env:"MAGPIE_TOKEN" help:"An access token with media.write, and tweet.read for the URLs."`
	Category string `placeholder:"NAME" help:"media_category, such as tweet_video. Default: from the file."`
	Type     string `placeholder:"TYPE" help:"media_type. Default: from the file's name, else from its bytes."`
	Segment  size   `default:"4MiB" help:"Bytes a segment; more where the file would need over 1000."`
	Parallel int    `default:"3" help:"Segments sent at once."`
}

const (
	maxSegments = 1000
	sendTries   = 5
)

// Run uploads the file, waits until it is processed, and prints the media as a
// lookup shows it, with the URLs.
func (c *uploadCommand) Run(ctx context.Context, s surroundings) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	u := &uploader{base: strings.TrimSuffix(c.To, "/"), token: c.Token, client: &http.Client{Timeout: 10 * time.Minute}}
	shown := newProgress(ctx, s.err)
	id, key, err := c.send(ctx, u, f, st.Size(), shown)
	if err == nil && key != "" {
		err = u.await(ctx, id, shown)
	}
	shown.stop()
	if err != nil {
		return err
	}
	final, err := u.describe(ctx, id, key)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, final)
	return err
}

// send goes through initialize, append and finalize.
func (c *uploadCommand) send(ctx context.Context, u *uploader, f *os.File, total int64, shown *progress) (id, key string, err error) {
	var opened struct{ Data struct{ ID string } }
	begin := map[string]any{"total_bytes": total}
	if t := c.mediaType(); t != "" {
		begin["media_type"] = t
	}
	if c.Category != "" {
		begin["media_category"] = c.Category
	}
	if err := u.json(ctx, http.MethodPost, "/2/media/upload/initialize", begin, &opened); err != nil {
		return "", "", fmt.Errorf("initialize: %w", err)
	}
	id = opened.Data.ID
	bar := shown.sending(total)
	if err := c.segments(ctx, u, f, total, id, bar); err != nil {
		bar.Abort(false)
		return "", "", err
	}
	var done struct {
		Data struct {
			MediaKey string `json:"media_key"`
		}
	}
	if err := u.json(ctx, http.MethodPost, "/2/media/upload/"+id+"/finalize", nil, &done); err != nil {
		return "", "", fmt.Errorf("finalize: %w", err)
	}
	return id, done.Data.MediaKey, nil
}

// segments sends the file's pieces, several at once.
func (c *uploadCommand) segments(ctx context.Context, u *uploader, f *os.File, total int64, id string, bar *mpb.Bar) error {
	step := max(int64(c.Segment), (total+maxSegments-1)/maxSegments)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, max(1, c.Parallel))
	var wg sync.WaitGroup
	for index, off := 0, int64(0); off < total; index, off = index+1, off+step {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		piece := io.NewSectionReader(f, off, min(step, total-off))
		wg.Go(func() {
			defer func() { <-slots }()
			if err := u.append(ctx, id, index, piece); err != nil {
				cancel(fmt.Errorf("segment %d: %w", index, err))
				return
			}
			bar.IncrInt64(piece.Size())
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// mediaType is what the file's name says, where X has a type for that.
func (c *uploadCommand) mediaType() string {
	if c.Type != "" {
		return c.Type
	}
	return map[string]string{
		".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".ts": "video/mp2t",
		".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp",
		".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff", ".srt": "text/srt", ".vtt": "text/vtt",
		".glb": "model/gltf-binary", ".usdz": "model/vnd.usdz+zip",
	}[strings.ToLower(filepath.Ext(c.File))]
}

// uploader speaks X's API to one server.
type uploader struct {
	base   string
	token  string
	client *http.Client
}

// append sends one segment, again where that may help.
func (u *uploader) append(ctx context.Context, id string, index int, piece *io.SectionReader) error {
	return u.retry(ctx, func() (*http.Request, error) {
		var head bytes.Buffer
		form := multipart.NewWriter(&head)
		if err := form.WriteField("segment_index", strconv.Itoa(index)); err != nil {
			return nil, err
		}
		if _, err := form.CreateFormFile("media", "segment"); err != nil {
			return nil, err
		}
		tail := "\r\n--" + form.Boundary() + "--\r\n"
		body := io.MultiReader(&head, io.NewSectionReader(piece, 0, piece.Size()), strings.NewReader(tail))
		size := int64(head.Len()) + piece.Size() + int64(len(tail))
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.base+"/2/media/upload/"+id+"/append", body)
		if err != nil {
			return nil, err
		}
		r.ContentLength = size
		r.Header.Set("Content-Type", form.FormDataContentType())
		return r, nil
	}, nil)
}

// json sends one JSON request and reads the answer into out.
func (u *uploader) json(ctx context.Context, method, path string, in, out any) error {
	return u.retry(ctx, func() (*http.Request, error) {
		var body io.Reader
		if in != nil {
			b, err := json.Marshal(in)
			if err != nil {
				return nil, err
			}
			body = bytes.NewReader(b)
		}
		r, err := http.NewRequestWithContext(ctx, method, u.base+path, body)
		if err == nil && in != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		return r, err
	}, out)
}

// retry makes and sends a request until it is answered, waiting longer each
// time. What the server refuses for good is not sent again.
func (u *uploader) retry(ctx context.Context, newRequest func() (*http.Request, error), out any) error {
	var last error
	for try := range sendTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second << (try - 1)):
			}
		}
		r, err := newRequest()
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+u.token)
		again, err := u.once(r, out)
		if err == nil || !again {
			return err
		}
		last = err
	}
	return last
}

// once sends one request. again tells whether it may be sent another time.
func (u *uploader) once(r *http.Request, out any) (again bool, err error) {
	answer, err := u.client.Do(r)
	if err != nil {
		return r.Context().Err() == nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err != nil {
		return true, err
	}
	if answer.StatusCode/100 != 2 {
		var problem struct{ Message, Detail string }
		words := strings.TrimSpace(string(body[:min(len(body), 300)]))
		if json.Unmarshal(body, &problem) == nil && problem.Message+problem.Detail != "" {
			words = problem.Message
			if words == "" {
				words = problem.Detail
			}
		}
		again = answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests
		return again, &refusal{answer.StatusCode, words}
	}
	if out == nil {
		return false, nil
	}
	return false, json.Unmarshal(body, out)
}

// await polls until the media is processed, as check_after_secs says.
func (u *uploader) await(ctx context.Context, id string, shown *progress) error {
	var bar *mpb.Bar
	for {
		var now struct {
			Data struct {
				Info struct {
					State    string
					After    int `json:"check_after_secs"`
					Progress int `json:"progress_percent"`
					Error    *struct{ Name, Message string }
				} `json:"processing_info"`
			}
		}
		if err := u.json(ctx, http.MethodGet, "/2/media/upload?command=STATUS&media_id="+url.QueryEscape(id), nil, &now); err != nil {
			return fmt.Errorf("status: %w", err)
		}
		info := now.Data.Info
		if bar == nil && info.State != "succeeded" {
			bar = shown.processing()
		}
		if bar != nil {
			bar.SetCurrent(int64(info.Progress))
		}
		switch info.State {
		case "succeeded":
			return nil
		case "failed":
			if info.Error == nil {
				return errors.New("processing failed; the server does not say why")
			}
			return fmt.Errorf("processing failed: %s: %s", info.Error.Name, info.Error.Message)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(max(1, info.After)) * time.Second):
		}
	}
}

// describe gives what STATUS and a lookup say of the media, as one indented
// JSON object. A token that may not look up gets the former alone.
func (u *uploader) describe(ctx context.Context, id, key string) (string, error) {
	var status, found struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if err := u.json(ctx, http.MethodGet, "/2/media/upload?command=STATUS&media_id="+url.QueryEscape(id), nil, &status); err != nil {
		return "", fmt.Errorf("status: %w", err)
	}
	path := "/2/media/" + url.PathEscape(key) + "?media.fields=type,url,preview_image_url,variants,duration_ms,width,height,alt_text"
	var refused *refusal
	if err := u.json(ctx, http.MethodGet, path, nil, &found); err != nil && !(errors.As(err, &refused) && refused.status == http.StatusForbidden) {
		return "", fmt.Errorf("lookup: %w", err)
	}
	maps.Copy(status.Data, found.Data)
	out, err := json.MarshalIndent(status, "", "  ")
	return string(out), err
}

// refusal is an error answer of the server.
type refusal struct {
	status int
	words  string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", r.status, http.StatusText(r.status), r.words)
}
