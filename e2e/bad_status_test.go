package e2e

import (
	"strings"
	"testing"
)

func TestBadStatus(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	theirs := c.as(s.token("7")).initialize("image/png", "", 10)
	const notFound = "BadRequest: Not found"
	c.allRefused("GET", "/2/media/upload", []bad{
		{name: "no id", field: "media_id", words: "The `media_id` query parameter is missing"},
		{name: "only a command", query: "command=STATUS", field: "media_id", words: "is missing"},
		{name: "an empty id", query: "media_id=", field: "media_id", words: "can not be empty"},
		{name: "no value", query: "media_id", field: "media_id", words: "can not be empty"},
		{name: "a blank", query: "media_id=+", field: "media_id", words: "1 to 19 digits"},
		{name: "a name", query: "media_id=holiday", field: "media_id", words: "[holiday] is not valid"},
		{name: "a key", query: "media_id=7_1", field: "media_id", words: "[7_1] is not valid"},
		{name: "zero", query: "media_id=0", field: "media_id", words: "[0] is not valid"},
		{name: "minus", query: "media_id=-1", field: "media_id", words: "[-1] is not valid"},
		{name: "plus", query: "media_id=%2B1", field: "media_id", words: "[+1] is not valid"},
		{name: "an exponent", query: "media_id=1e3", field: "media_id", words: "[1e3] is not valid"},
		{name: "a point", query: "media_id=1.0", field: "media_id", words: "[1.0] is not valid"},
		{name: "20 digits", query: "media_id=12345678901234567890", field: "media_id", words: "19 digits"},
		{name: "2^63", query: "media_id=9223372036854775808", field: "media_id", words: "is not valid"},
		{name: "NUL", query: "media_id=1%00", field: "media_id", words: "is not valid"},
		{name: "not UTF-8", query: "media_id=%FF", field: "media_id", words: "is not valid"},
		{name: "NaN", query: "media_id=NaN", field: "media_id", words: "is not valid"},
		{name: "several", query: "media_id=1,2", field: "media_id", words: "[1,2] is not valid"},
		{name: "twice", query: "media_id=1&media_id=1", field: "media_id", words: "Duplicate parameters are not allowed"},
		{name: "as an array", query: "media_id[]=1", field: "media_id", words: "is missing"},
		{name: "another case", query: "MEDIA_ID=1", field: "media_id", words: "is missing"},
		{name: "not an escape", query: "media_id=%zz", field: "media_id"},
		{name: "semicolons", query: "command=STATUS;media_id=1", field: "media_id"},
		{name: "80 kB", query: "media_id=" + strings.Repeat("1", 80_000), field: "media_id", words: "is not valid"},
		{name: "another command", query: "media_id=1&command=FINALIZE", field: "command", words: "[FINALIZE] is not one of [STATUS]"},
		{name: "a command in small letters", query: "media_id=1&command=status", field: "command", words: "[status] is not one of [STATUS]"},
		{name: "a command with NUL", query: "media_id=1&command=STATUS%00", field: "command", words: "is not one of [STATUS]"},
		{name: "two commands", query: "media_id=1&command=STATUS&command=STATUS", field: "command", words: "Duplicate parameters are not allowed"},
		{name: "unknown", query: "media_id=1146654567674912769", field: "media_id", words: notFound},
		{name: "the largest", query: "media_id=9223372036854775807", field: "media_id", words: notFound},
		{name: "zeros in front", query: "media_id=0000000000000000001", field: "media_id", words: notFound},
		{name: "another's", query: "media_id=" + theirs, field: "media_id", words: notFound},
	})
}
