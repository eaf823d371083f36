package media

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestGroups(t *testing.T) {
	if n := len(Groups()); n != 13 || !slices.IsSorted(Groups()) {
		t.Fatalf("%d groups, want 13 in alphabetical order: %v", n, Groups())
	}
	var m Metadata
	for _, name := range Groups() {
		if m.group(name) == nil {
			t.Errorf("group %s has no place in Metadata", name)
		}
	}
}

func TestDecodeMetadata(t *testing.T) {
	got, err := DecodeMetadata(map[string]string{
		"alt_text":           `{"text":"A dancing cat"}`,
		"content_expiration": `{"timestamp_sec":1740787200}`,
		"preview_image":      `{"media_key":{"media":"1146654567674912769","media_category":"TweetImage"}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Metadata{
		AltText:           &AltText{Text: "A dancing cat"},
		ContentExpiration: &ContentExpiration{TimestampSec: 1740787200},
		PreviewImage:      &PreviewImage{PreviewMedia{1146654567674912769, "TweetImage"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if at := got.ContentExpiration.At(); !at.Equal(time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("expires at %s", at)
	}
	for name, bad := range map[string]map[string]string{
		"unknown group": {"alt": `{}`},
		"broken JSON":   {"alt_text": `{"text":`},
		"wrong type":    {"alt_text": `{"text":5}`},
	} {
		if _, err := DecodeMetadata(bad); err == nil || CodeOf(err) != CodeInternal {
			t.Errorf("%s: error %v, want one without a client's code", name, err)
		}
	}
}

func TestMetadataKeep(t *testing.T) {
	all := Metadata{AltText: &AltText{"A cat"}, SharedInfo: &SharedInfo{true}, UploadSource: &UploadSource{"gallery"}}
	got := all.Keep(func(group string) bool { return group == "alt_text" || group == "sticker_info" })
	if diff := cmp.Diff(Metadata{AltText: &AltText{"A cat"}}, got); diff != "" {
		t.Error(diff)
	}
	if all.SharedInfo == nil || all.UploadSource == nil {
		t.Error("Keep changed what it was called on")
	}
	all = rapid.Custom(drawMetadata).Example(1)
	parts := Metadata{}
	for _, name := range Groups() {
		part, err := json.Marshal(all.Keep(func(group string) bool { return group == name }))
		if err != nil {
			t.Fatal(err)
		}
		for other := range rawGroups(t, string(part)) {
			if other != name {
				t.Errorf("%s kept for %s", other, name)
			}
		}
		if err := json.Unmarshal(part, &parts); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(all, parts); diff != "" {
		t.Errorf("the groups one by one (-all +parts):\n%s", diff)
	}
}

// What a client may say comes back as it was said, through parsing, storing
// and decoding, and parsing the stored form changes nothing.
func TestMetadataRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawMetadata(t)
		wire, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		set, cleared, err := ParseMetadata(rawGroups(t, string(wire)))
		if err != nil || len(cleared) > 0 {
			t.Fatalf("parse %s: cleared %v, %v", wire, cleared, err)
		}
		got, err := DecodeMetadata(set)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("changed on the way (-sent +got):\n%s", diff)
		}
		again, _, err := ParseMetadata(asRaw(set))
		if err != nil {
			t.Fatalf("the stored form is refused: %v", err)
		}
		if diff := cmp.Diff(set, again); diff != "" {
			t.Fatalf("the stored form is not canonical:\n%s", diff)
		}
	})
}

func drawMetadata(t *rapid.T) Metadata {
	text := func(limit int) *rapid.Generator[string] { return rapid.StringN(0, limit, -1) }
	number := rapid.Custom(func(t *rapid.T) json.Number {
		return json.Number(rapid.StringMatching(`(-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?)?`).Draw(t, "number"))
	})
	long := rapid.Custom(func(t *rapid.T) json.Number {
		return json.Number(fmt.Sprint(rapid.Int64().Draw(t, "long")))
	})
	sticker := rapid.Custom(func(t *rapid.T) Sticker {
		return Sticker{
			ID: text(100).Draw(t, "id"), AspectRatio: number.Draw(t, "aspect"),
			GroupAnnotationID: long.Draw(t, "group"), StickerSetAnnotationID: long.Draw(t, "set"),
			TransformA: number.Draw(t, "a"), TransformB: number.Draw(t, "b"),
			TransformC: number.Draw(t, "c"), TransformD: number.Draw(t, "d"),
			TransformTX: number.Draw(t, "tx"), TransformTY: number.Draw(t, "ty"),
		}
	})
	countries := rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z]{2}`), 0, 5)
	hosts := rapid.SliceOfN(rapid.StringMatching(`([a-z0-9]{1,9}\.){0,3}[a-z]{2,5}`), 0, 5)
	anyone := rapid.SliceOfN(rapid.Just("Any"), 0, 2)
	yes := rapid.Bool()
	m := Metadata{
		AltText:               &AltText{text(1000).Draw(t, "alt")},
		AudiencePolicy:        &AudiencePolicy{anyone.Draw(t, "creator"), anyone.Draw(t, "x")},
		ContentExpiration:     &ContentExpiration{rapid.Int64Range(1, lastSecond).Draw(t, "expires")},
		DomainRestrictions:    &DomainRestrictions{hosts.Draw(t, "hosts")},
		FoundMediaOrigin:      &FoundMediaOrigin{ID: text(24).Draw(t, "origin"), Provider: text(8).Draw(t, "provider")},
		GeoRestrictions:       &GeoRestrictions{countries.Draw(t, "black"), countries.Draw(t, "white")},
		ManagementInfo:        &ManagementInfo{yes.Draw(t, "managed")},
		PreviewImage:          &PreviewImage{PreviewMedia{ID(rapid.Int64Min(1).Draw(t, "media")), "TweetImage"}},
		SensitiveMediaWarning: &SensitiveMediaWarning{yes.Draw(t, "adult"), yes.Draw(t, "violence"), yes.Draw(t, "other")},
		SharedInfo:            &SharedInfo{yes.Draw(t, "shared")},
		StickerInfo:           &StickerInfo{rapid.SliceOfN(sticker, 1, 25).Draw(t, "stickers")},
		UploadSource:          &UploadSource{text(100).Draw(t, "source")},
	}
	if allow := (AllowDownload{}); yes.Draw(t, "download said") {
		b := yes.Draw(t, "download")
		allow.Allow = &b
		m.AllowDownload = &allow
	}
	if yes.Draw(t, "no stickers") {
		m.StickerInfo, m.PreviewImage = nil, nil
	}
	return m
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func rawGroups(t fataler, body string) map[string]json.RawMessage {
	t.Helper()
	var raw map[string]json.RawMessage
	if err := json.NewDecoder(strings.NewReader(body)).Decode(&raw); err != nil {
		t.Fatalf("test body %s: %v", body, err)
	}
	return raw
}

func asRaw(set map[string]string) map[string]json.RawMessage {
	raw := make(map[string]json.RawMessage)
	for name, stored := range set {
		raw[name] = json.RawMessage(stored)
	}
	return raw
}
