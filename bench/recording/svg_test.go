package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestWriteSVG(t *testing.T) {
	var b bytes.Buffer
	frames := []frame{
		{0, []string{"$ a <b> & c", ""}},
		{time.Second, []string{"$ a <b> & c", "10%"}},
		{2 * time.Second, []string{"$ a <b> & c", "100%"}},
	}
	if err := writeSVG(&b, "a & b", 20, 2, frames, 4*time.Second); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for d := xml.NewDecoder(bytes.NewReader(b.Bytes())); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "text" {
			var s string
			if err := d.DecodeElement(&s, &start); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, s)
		}
	}
	if got := strings.Join(texts, "|"); got != "$ a <b> & c|10%|100%" {
		t.Errorf("%q", got)
	}
	for _, want := range []string{"25.00%{visibility:visible}50.00%{visibility:hidden}", "50.00%{visibility:visible}99.99%{visibility:hidden}", "4.0s step-end infinite"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, b.String())
		}
	}
}
