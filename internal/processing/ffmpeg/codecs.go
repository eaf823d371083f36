package ffmpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxIndex is the largest index (moov) that is read for a codec string. Twelve
// hours at sixty pictures a second have about 60 MB of it.
const maxIndex = 256 << 20

var errNoConfig = errors.New("no H.264 configuration in front of the media data")

// codecString gives RFC 6381's name for the H.264 stream of an MP4 that
// rendering made: avc1, and profile, constraints and level as in the stream. The
// index must come before the media data; that it does not is an error.
func codecString(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for {
		var h [16]byte
		if _, err := io.ReadFull(f, h[:8]); err != nil {
			return "", fmt.Errorf("codecs of %s: %w", f.Name(), errNoConfig)
		}
		size, head := int64(binary.BigEndian.Uint32(h[:])), int64(8)
		if size == 1 {
			if _, err := io.ReadFull(f, h[8:]); err != nil {
				return "", fmt.Errorf("codecs of %s: %w", f.Name(), errNoConfig)
			}
			size, head = int64(binary.BigEndian.Uint64(h[8:])), 16
		}
		kind := string(h[4:8])
		if size < head || kind == "mdat" || (kind == "moov" && size > maxIndex) {
			return "", fmt.Errorf("codecs of %s: %w", f.Name(), errNoConfig)
		}
		if kind == "moov" {
			return codecIn(io.LimitReader(f, size-head))
		}
		if _, err := f.Seek(size-head, io.SeekCurrent); err != nil {
			return "", fmt.Errorf("codecs of %s: %w", f.Name(), err)
		}
	}
}

// codecIn finds the configuration record in an index.
func codecIn(r io.Reader) (string, error) {
	index, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	i := bytes.Index(index, []byte("avcC\x01"))
	if i < 0 || len(index) < i+8 {
		return "", errNoConfig
	}
	return fmt.Sprintf("avc1.%02X%02X%02X", index[i+5], index[i+6], index[i+7]), nil
}
