package delivery

import (
	"fmt"
	"net/url"
	"strings"
)

// ticketed appends a ticket to every URI of a playlist (RFC 8216 §4.1): lines that
// are one, and the attribute URI of tags. The playlist must be one of magpie's
// own, whose URIs are the names of siblings; anything else is an error, so that
// no file is left without its ticket and no ticket goes elsewhere.
func ticketed(playlist, ticket string) (string, error) {
	if !strings.HasPrefix(playlist, "#EXTM3U") {
		return "", fmt.Errorf("a playlist begins with #EXTM3U, this one with %.20q", playlist)
	}
	return eachLine(playlist, func(line string) (string, error) {
		tag, list, _ := strings.Cut(line, ":")
		switch {
		case line == "":
			return line, nil
		case line[0] != '#':
			return withTicket(line, ticket)
		case tag == "#EXT-X-MAP" || tag == "#EXT-X-MEDIA" || tag == "#EXT-X-I-FRAME-STREAM-INF":
			list, err := ticketedAttributes(list, ticket)
			return tag + ":" + list, err
		case strings.HasPrefix(line, "#EXT") && strings.Contains(list, "URI="):
			return "", fmt.Errorf("the tag %s has a URI that is not known here", tag)
		}
		return line, nil
	})
}

// ticketedAttributes is ticketed for an attribute list (RFC 8216 §4.2). A list
// without a URI is as it was.
func ticketedAttributes(list, ticket string) (string, error) {
	var out []string
	for rest := list; ; {
		name, value, ok := strings.Cut(rest, "=")
		if !ok || name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return "", fmt.Errorf("%.40q is no attribute", rest)
		}
		var after string
		if quoted, ok := strings.CutPrefix(value, `"`); ok {
			if value, after, ok = strings.Cut(quoted, `"`); !ok {
				return "", fmt.Errorf("the attribute %.40s does not end", name)
			}
			if name == "URI" {
				var err error
				if value, err = withTicket(value, ticket); err != nil {
					return "", err
				}
			}
			value = `"` + value + `"`
		} else {
			end := strings.IndexByte(value, ',')
			if end < 0 {
				end = len(value)
			}
			value, after = value[:end], value[end:]
			if name == "URI" || strings.Contains(value, `"`) {
				return "", fmt.Errorf("the attribute %.40s is not quoted", name)
			}
		}
		out = append(out, name+"="+value)
		if after == "" {
			return strings.Join(out, ","), nil
		}
		if rest, ok = strings.CutPrefix(after, ","); !ok {
			return "", fmt.Errorf("%.40q follows the attribute %.40s", after, name)
		}
	}
}

// ticketedTrack is ticketed for the WebVTT that says which thumbnail is when:
// each cue is one line, the name of a sibling and a place in it.
func ticketedTrack(track, ticket string) (string, error) {
	if !strings.HasPrefix(track, "WEBVTT") {
		return "", fmt.Errorf("a track begins with WEBVTT, this one with %.20q", track)
	}
	head, cue := true, false
	return eachLine(track, func(line string) (string, error) {
		switch {
		case head || line == "":
			head, cue = false, false
			return line, nil
		case strings.Contains(line, "-->"):
			cue = true
			return line, nil
		case !cue:
			return "", fmt.Errorf("%.40q is in no cue", line)
		}
		cue = false
		name, place, found := strings.Cut(line, "#")
		name, err := withTicket(name, ticket)
		if found {
			name += "#" + place
		}
		return name, err
	})
}

// eachLine changes the lines of a text, and leaves their ends.
func eachLine(text string, change func(string) (string, error)) (string, error) {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		n++
		bare := strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		changed, err := change(bare)
		if err != nil {
			return "", fmt.Errorf("line %d: %w", n, err)
		}
		b.WriteString(changed)
		b.WriteString(line[len(bare):])
	}
	return b.String(), nil
}

// withTicket appends a ticket to the name of a sibling.
func withTicket(name, ticket string) (string, error) {
	for i, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return "", fmt.Errorf("%.40q is not the name of a file beside it", name)
		}
	}
	if name == "" {
		return "", fmt.Errorf("a URI is empty")
	}
	return name + ticketQuery(ticket), nil
}

func ticketQuery(ticket string) string {
	return "?" + ticketParameter + "=" + url.QueryEscape(ticket)
}
