package ffmpeg

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"

	"magpie/internal/media"
)

// This file is the one place that reads what ffmpeg says. ffmpeg has few exit
// codes, so whether the file or the surroundings are at fault is in its messages
// (classify_test.go keeps them as they were seen). None is passed on: they hold
// addresses and paths, and bytes of the uploader's choosing.

// unreadable is the failure for a file that is no video of its kind; reason is
// a clause of ours.
func unreadable(reason string) *media.Failure {
	return media.NewFailure(media.InvalidMedia, "The file is not a video that can be read: "+reason+".")
}

// scratchFull passes by itself, however long that takes.
const scratchFull = "scratch folder is full"

// surroundings are what ffmpeg says when not the file is at fault. What it says
// of the source counts even when it ends well, because it takes a source that
// breaks off for the end of the file, and so does that the disk is full, which may
// be found at a file's very end. The source answering 416 is not among
// them: that is a file that points past its own end.
var surroundings = []struct {
	says, means string
	always      bool // also where it ends well
}{
	{"Stream ends prematurely", "source ended early", true},
	{"Server returned 5XX", "source answered with an error", true},
	{"Server returned 40", "source answered with an error", true}, // 400, 401, 403, 404; 416 reads 4XX
	{"Connection refused", "source is not reachable", true},
	{"Connection reset by peer", "source closed the connection", true},
	{"Connection timed out", "source does not answer", true},
	{"Operation timed out", "source does not answer", true},
	{"No space left on device", scratchFull, true},
	{"Disk quota exceeded", scratchFull, true},
	{"Read-only file system", "scratch folder cannot be written", false},
	{"Permission denied", "a file or port could not be opened", false},
	{"Too many open files", "out of file descriptors", false},
	{"Resource temporarily unavailable", "out of threads", false},
	{"error while loading shared libraries", "a library is missing", false},
	{"Unknown encoder", "an encoder is missing", false},
	{"Requested output format", "a muxer is missing", false},
	{"Unrecognized option", "this ffmpeg does not know an option", false},
	{"No such filter", "a filter is missing", false},
}

// reasons are clauses for what ffmpeg says about a broken file.
var reasons = []struct{ says, means string }{
	{"moov atom not found", "its index (moov) is missing, so it may have been cut short"},
	{"File ended prematurely", "it ends early"},
	{"End of file", "it ends before the first picture"},
	{"does not contain any stream", "no picture in it could be decoded"},
	{"Output file is empty", "no picture in it could be decoded"},
	{"Could not find codec parameters", "its pictures cannot be decoded"},
	{"Invalid data found", "its contents are damaged"},
}

// notOnList is ffmpeg's refusal to open a decoder; the name is from its own
// list of decoders.
var notOnList = regexp.MustCompile(`Codec \(([a-z0-9_-]{1,32})\) not on whitelist`)

// outside gives an error when the child's messages say that the surroundings
// failed, and nil otherwise.
func outside(what string, x exit) error {
	for line := range strings.Lines(x.stderr) {
		if strings.Contains(line, "HTTP error") && !strings.Contains(line, "HTTP error 416") {
			return fmt.Errorf("%s: source answered with an error: %s", what, tidy(line))
		}
		for _, s := range surroundings {
			if strings.Contains(line, s.says) && (s.always || !x.ok()) {
				err := fmt.Errorf("%s: %s: %s", what, s.means, tidy(line))
				if s.means == scratchFull {
					return &media.Error{Code: media.CodeFull, Detail: "There is no room to process the file now.", Cause: err}
				}
				return err
			}
		}
	}
	return nil
}

// blame says who is at fault for a child that did not end well: a
// *media.Failure is the file, any other error the surroundings.
func blame(what, kind string, x exit) error {
	if x.overCPU {
		return media.NewFailure(media.UnsupportedMedia,
			"The video takes more work to convert than is allowed for its length.")
	}
	switch x.signal {
	case 0:
	case syscall.SIGXFSZ:
		return tooLarge()
	case syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGSYS:
		// The same file does it again, so trying again helps nobody.
		return unreadable("decoding it fails")
	default:
		return fmt.Errorf("%s: ended by signal %s", what, x.signal)
	}
	if err := outside(what, x); err != nil {
		return err
	}
	if m := notOnList.FindStringSubmatch(x.stderr); m != nil {
		return media.NewFailure(media.UnsupportedMedia,
			"The file has a stream in a format that is not taken ("+m[1]+"); H.264 video with AAC sound always works.")
	}
	if strings.Contains(x.stderr, "Cannot allocate memory") {
		return media.NewFailure(media.UnsupportedMedia, "The video takes more memory to convert than is allowed.")
	}
	for _, r := range reasons {
		if strings.Contains(x.stderr, r.says) {
			return unreadable(r.means)
		}
	}
	return unreadable("its contents are not those of " + kind)
}

// tooLarge is the failure of a file of which too much is made.
func tooLarge() error {
	return media.NewFailure(media.UnsupportedMedia,
		"The video becomes larger when converted than is allowed for its length.")
}

// tidy shortens a child's line for the log.
func tidy(line string) string {
	line = strings.ToValidUTF8(strings.TrimSpace(line), "?")
	if len(line) > 300 {
		line = line[:300]
	}
	return line
}
