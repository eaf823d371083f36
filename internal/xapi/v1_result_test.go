package xapi

import (
	"encoding/json"
	"testing"

	"magpie/internal/media"
)

// The largest id is exact, though JavaScript can't hold it.
func TestV1ResultIsExact(t *testing.T) {
	u := uploadResult{ID: "9223372036854775807", MediaKey: "7_9223372036854775807", Size: 9007199254740993, ProcessingInfo: &processingInfo{State: media.Pending, CheckAfterSecs: 1}}
	b, err := json.Marshal(newV1Result(u))
	want := `{"media_id":9223372036854775807,"media_id_string":"9223372036854775807","media_key":"7_9223372036854775807","size":9007199254740993,"processing_info":{"state":"pending","check_after_secs":1}}`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v, want\n%s", b, err, want)
	}
}
