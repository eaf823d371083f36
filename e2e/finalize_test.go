package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// sameMedia checks that two answers of finalize describe one media.
func sameMedia(t *testing.T, first, again map[string]any) {
	t.Helper()
	for _, member := range []string{"id", "media_key", "size"} {
		if first[member] == nil || first[member] != again[member] {
			t.Errorf("%s is %v, and %v when finalized again", member, first[member], again[member])
		}
	}
}

func TestFinalizeOfImages(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	for kind, want := range map[string]struct {
		file []byte
		w, h float64
	}{
		"image/png":  {samplePNG(), 64, 48},
		"image/jpeg": {sampleJPEG(), 48, 64},
	} {
		d := c.upload(kind, "tweet_image", want.file, 500)
		image, _ := d["image"].(map[string]any)
		if image["w"] != want.w || image["h"] != want.h || image["image_type"] != kind || len(image) != 3 {
			t.Errorf("%s: image %v", kind, image)
		}
		if d["processing_info"] != nil || d["video"] != nil || d["size"] != float64(len(want.file)) {
			t.Errorf("%s: finalize answered %v", kind, d)
		}
		again := c.finalize(d["id"].(string)).data()
		sameMedia(t, d, again)
		if again["image"] == nil || again["processing_info"] != nil {
			t.Errorf("%s, finalized again: %v", kind, again)
		}
	}
}

func TestFinalizeOfVideosAndGIFs(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	for category, file := range map[string][]byte{"tweet_video": sampleMP4(t), "amplify_video": sampleMP4(t), "tweet_gif": sampleGIF(), "dm_gif": sampleGIF()} {
		d := c.upload("", category, file, 1<<20)
		info, _ := d["processing_info"].(map[string]any)
		if after, _ := info["check_after_secs"].(float64); info["state"] != "pending" || after < 1 || d["image"] != nil {
			t.Errorf("%s: finalize answered %v", category, d)
		}
		id := d["id"].(string)
		sameMedia(t, d, c.finalize(id).data())
		c.succeeded(id)
		again := c.finalize(id).data()
		sameMedia(t, d, again)
		info, _ = again["processing_info"].(map[string]any)
		if _, polls := info["check_after_secs"]; info["state"] != "succeeded" || info["progress_percent"] != 100.0 || polls {
			t.Errorf("%s, finalized after processing: %v", category, again)
		}
	}
}

func TestFinalizeTwentyTimesAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, file := range map[string][]byte{"image": samplePNG(), "video": sampleMP4(t)} {
		c := client{t: t, url: s.url, token: secret}
		id := c.initialize("", "", len(file))
		c.append(id, 0, file).data()
		answers := make([]answer, 20)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() {
				a, err := c.try(t.Context(), "POST", "/2/media/upload/"+id+"/finalize", nil)
				if err != nil {
					t.Error(err)
				}
				answers[i] = a
			})
		}
		wg.Wait()
		for _, a := range answers {
			if a.t == nil {
				return // the request failed, and was told of
			}
			d := a.data()
			sameMedia(t, answers[0].data(), d)
			if (d["image"] != nil) != (name == "image") {
				t.Errorf("%s: %v", name, d)
			}
		}
		c.succeeded(id)
		if sum(c.original(id).body) != sum(file) {
			t.Errorf("%s: the original differs from what was sent", name)
		}
	}
	s.checkWhole()
}

// One client keeps replacing a segment while another finalizes. What an append
// was promised must be in the media, unless a later one replaced it.
func TestFinalizeRacingAppends(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	for round := range 8 {
		version := func(n int) []byte {
			// The tail that is sent beside it is of the model, too.
			return append(modelHead(randomBytes(byte(round), 5000), 8008), fmt.Sprintf("%08d", n)...)
		}
		tail := randomBytes(99, 3000)
		id := c.initialize(anyBytesType, "", -1)
		c.append(id, 1, tail).data()
		c.append(id, 0, version(0)).data()
		began, ended := make(chan struct{}), make(chan struct{})
		promised, sent := 0, 0
		go func() {
			defer close(ended)
			for n := 1; ; n++ {
				body, kind := form(0, version(n))
				a, err := c.try(t.Context(), "POST", "/2/media/upload/"+id+"/append", body, "Content-Type", kind)
				sent = n
				switch {
				case err != nil:
					t.Error(err)
					return
				case a.status == http.StatusOK:
					promised = n
				case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
				case a.status == http.StatusBadRequest && bytes.Contains(a.body, []byte("finalized")):
					return
				default:
					t.Errorf("append against finalize: %d %s", a.status, a.body)
					return
				}
				if n == 1+round {
					close(began)
				}
			}
		}()
		select {
		case <-began:
		case <-ended:
		}
		d := c.finalize(id).data()
		<-ended
		got := c.original(id).body
		if len(got) != 8008 || !bytes.Equal(got[5008:], tail) || d["size"] != 8008.0 {
			t.Fatalf("%d bytes came back", len(got))
		}
		var n int
		if _, err := fmt.Sscanf(string(got[5000:5008]), "%d", &n); err != nil || !bytes.Equal(got[:5008], version(n)) {
			t.Fatalf("a mixed segment came back: %v", err)
		}
		if n < promised || n > sent {
			t.Errorf("version %d is in the media; %d was promised and %d the last sent", n, promised, sent)
		}
		// A late repetition of what the media holds is acknowledged like the first.
		c.append(id, 0, version(n)).data()
		c.append(id, 1, tail).data()
		c.append(id, 0, version(n+1)).refused(http.StatusBadRequest, "finalized")
		if sum(c.original(id).body) != sum(got) {
			t.Error("an append after finalize changed the media")
		}
	}
	s.checkWhole()
}

// Finalizing too early says what is missing, and the upload goes on.
func TestFinalizeNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := anyBytes(4, 10_000)
	id := c.initialize(anyBytesType, "", len(file))
	send := func(index int) { c.append(id, index, file[index*1000:index*1000+1000]).data() }
	c.finalize(id).refused(http.StatusBadRequest, "no segment")
	send(9)
	c.finalize(id).refused(http.StatusBadRequest, "segments 0-8 are missing", "1000 bytes", "10000")
	send(1)
	send(4)
	c.finalize(id).refused(http.StatusBadRequest, "segments 0, 2-3, 5-8 are missing", "3000 bytes", "10000")
	for _, i := range []int{0, 2, 3, 5, 6, 7} {
		send(i)
	}
	c.finalize(id).refused(http.StatusBadRequest, "segment 8 is missing", "9000 bytes")
	send(8)
	c.append(id, 10, []byte("too much")).data()
	c.finalize(id).refused(http.StatusBadRequest, "Segments do not add up to provided total file size", "10008", "10000")

	short := c.initialize(anyBytesType, "", len(file))
	c.append(short, 0, file[:9999]).data()
	c.finalize(short).refused(http.StatusBadRequest, "Segments do not add up", "9999", "10000")
	c.append(short, 1, file[9999:]).data()
	c.finalize(short).data()
	if sum(c.original(short).body) != sum(file) {
		t.Error("the original differs from what was sent")
	}
	empty := c.initialize("", "", 0)
	c.append(empty, 0, []byte("x")).refused(http.StatusBadRequest, "total_bytes")
	c.finalize(empty).refused(http.StatusBadRequest, "empty")
}
