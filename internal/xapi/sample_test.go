package xapi

import (
	"fmt"
	"strings"
)

const (
	formKind = "multipart/form-data; boundary=xyz"
	jsonKind = "application/json"
)

// form is a multipart body with the boundary xyz.
func form(parts ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(parts); i += 2 {
		fmt.Fprintf(&b, "--xyz\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", parts[i], parts[i+1])
	}
	return b.String() + "--xyz--\r\n"
}

// The least that is taken for a file of its type.
func png() string {
	return "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x40\x00\x00\x00\x30\x08\x06\x00\x00\x00"
}

func mp4() string { return "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + "\x00\x00\x00\x08mdat" }

func gif() string {
	return "GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;"
}
func vtt() string { return "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n" }
