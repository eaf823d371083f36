package xapi

import (
	"fmt"
	"strings"
	"testing"

	"magpie/internal/media"
)

// A session that was begun in one dialect is gone on with and ended in any.
func TestEveryDialectOfOneUpload(t *testing.T) {
	s := newServer(t)
	file := mp4()
	v1and2 := func(path string) (begin func() media.ID, send func(media.ID, int, string) int, end func(media.ID) int) {
		begin = func() media.ID {
			a := s.call("POST", path+"?command=INIT&media_category=tweet_video&total_bytes="+fmt.Sprint(len(file)), nil)
			if path == v1UploadPath {
				return a.v1ID()
			}
			return a.id()
		}
		send = func(id media.ID, index int, data string) int {
			return s.call("POST", path, form("command", "APPEND", "media_id", id.String(), "segment_index", fmt.Sprint(index), "media", data), "Content-Type", formKind).Code
		}
		end = func(id media.ID) int {
			return s.call("POST", path, "command=FINALIZE&media_id="+id.String(), "Content-Type", urlKind).Code
		}
		return begin, send, end
	}
	type way struct {
		name      string
		begin     func() media.ID
		send      func(media.ID, int, string) int
		end       func(media.ID) int
		sent, met int // the statuses of success
	}
	command, old := way{name: "command", sent: 204, met: 201}, way{name: "v1.1", sent: 204, met: 201}
	command.begin, command.send, command.end = v1and2(commands)
	old.begin, old.send, old.end = v1and2(v1UploadPath)
	rest := way{
		"REST",
		func() media.ID {
			return s.open(map[string]any{"media_category": "tweet_video", "total_bytes": len(file)})
		},
		func(id media.ID, index int, data string) int { return s.send(id, index, data).Code },
		func(id media.ID) int { return s.finalize(id).Code },
		200, 200,
	}
	ways := []way{rest, command, old}
	for _, begin := range ways {
		for _, first := range ways {
			for _, second := range ways {
				for _, end := range ways {
					name := strings.Join([]string{begin.name, first.name, second.name, end.name}, ", ")
					id := begin.begin()
					for _, path := range []string{commands, v1UploadPath} {
						if a := s.call("GET", path+"?media_id="+id.String(), nil); a.Code != 200 || !strings.Contains(a.Body.String(), `"state":"pending"`) {
							t.Errorf("%s: STATUS before the end at %s: %d %s", name, path, a.Code, a.Body)
						}
					}
					if code := first.send(id, 0, file[:10]); code != first.sent {
						t.Errorf("%s: the first APPEND: %d", name, code)
					}
					if code := second.send(id, 1, file[10:]); code != second.sent {
						t.Errorf("%s: the second APPEND: %d", name, code)
					}
					if code := end.end(id); code != end.met {
						t.Errorf("%s: FINALIZE: %d", name, code)
					}
					if got := s.content(id); got["000"]+got["001"] != file || len(got) != 2 {
						t.Errorf("%s: kept %q", name, got)
					}
					s.publish(id, movie())
					for _, path := range []string{commands, v1UploadPath} {
						if a := s.call("GET", path+"?command=STATUS&media_id="+id.String(), nil); a.Code != 200 || !strings.Contains(a.Body.String(), `"state":"succeeded"`) {
							t.Errorf("%s: STATUS at %s: %d %s", name, path, a.Code, a.Body)
						}
					}
				}
			}
		}
	}
}
