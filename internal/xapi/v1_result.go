package xapi

import (
	"strconv"

	"magpie/internal/media"
)

// v1Lifetime is the expires_after_secs of a media that never expires: X's own
// value, since v1.1 always has one and typed clients need it.
const v1Lifetime = 86_400

// v1Result is what every command of v1.1 answers (X's reference of POST and GET
// media/upload). media_id is exact, so larger than what JavaScript's numbers
// hold; media_id_string is for those.
type v1Result struct {
	MediaID          media.ID        `json:"media_id"`
	MediaIDString    string          `json:"media_id_string"`
	MediaKey         media.Key       `json:"media_key,omitempty"`
	Size             int64           `json:"size,omitempty"`
	ExpiresAfterSecs int64           `json:"expires_after_secs,omitempty"`
	Image            *imageInfo      `json:"image,omitempty"`
	Video            *videoInfo      `json:"video,omitempty"`
	ProcessingInfo   *processingInfo `json:"processing_info,omitempty"`
}

// newV1Result is v2's result in v1.1's members.
func newV1Result(u uploadResult) v1Result {
	id, _ := strconv.ParseInt(u.ID, 10, 64) // made of an id
	return v1Result{
		MediaID: media.ID(id), MediaIDString: u.ID, MediaKey: u.MediaKey, Size: u.Size, ExpiresAfterSecs: u.ExpiresAfterSecs,
		Image: u.Image, Video: u.Video, ProcessingInfo: u.ProcessingInfo,
	}
}
