package ffmpeg

import (
	"bytes"
	"errors"
	"fmt"
)

var errNoConfig = errors.New("no H.264 configuration in the index")

// codecString gives RFC 6381's name for the H.264 stream of an MP4 that
// rendering made, from its index: avc1, and profile, constraints and level as in
// the stream.
func codecString(index []byte) (string, error) {
	i := bytes.Index(index, []byte("avcC\x01"))
	if i < 0 || len(index) < i+8 {
		return "", errNoConfig
	}
	return fmt.Sprintf("avc1.%02X%02X%02X", index[i+5], index[i+6], index[i+7]), nil
}
