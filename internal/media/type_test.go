package media

import (
	"slices"
	"testing"
)

// fits is the whole table of which type goes with which category; the first is
// what the type means where no category is given.
func fits() map[Type][]Category {
	image := []Category{TweetImage, DMImage}
	video := []Category{TweetVideo, AmplifyVideo, DMVideo}
	return map[Type][]Category{
		MP4:       {TweetVideo, AmplifyVideo, DMVideo, TweetGIF, DMGIF},
		WebM:      video,
		MPEGTS:    video,
		QuickTime: video,
		SRT:       {Subtitles},
		VTT:       {Subtitles},
		JPEG:      image,
		GIF:       {TweetGIF, DMGIF, TweetImage, DMImage},
		BMP:       image,
		PNG:       image,
		WebP:      image,
		PJPEG:     image,
		TIFF:      image,
		GLB:       {Model},
		USDZ:      {Model},
	}
}

func TestTypeFits(t *testing.T) {
	table := fits()
	if len(Types()) != 15 || len(table) != 15 {
		t.Fatalf("%d types, %d in the table", len(Types()), len(table))
	}
	for _, typ := range Types() {
		for _, c := range everyCategory() {
			if got, want := typ.Fits(c), slices.Contains(table[typ], c); got != want {
				t.Errorf("%s fits %s: %t", typ, c, got)
			}
		}
		if !typ.Fits("") {
			t.Errorf("%s does not fit an unknown category", typ)
		}
		if typ.Fits("photo") {
			t.Errorf("%s fits a category that there is not", typ)
		}
		if got := typ.DefaultCategory(); got != table[typ][0] {
			t.Errorf("%s without a category is %s, want %s", typ, got, table[typ][0])
		}
	}
	for _, c := range everyCategory() {
		if !Type("").Fits(c) {
			t.Errorf("an unknown type does not fit %s", c)
		}
		if Type("audio/mpeg").Fits(c) {
			t.Errorf("audio fits %s", c)
		}
	}
	if got := Type("").DefaultCategory(); got != "" {
		t.Errorf("an unknown type without a category is %s", got)
	}
}

// A type is in one family with those that it shares a kind with: MP4 and GIF
// both may be GIFs, and a GIF may be an image.
func TestTypeSameFamily(t *testing.T) {
	video, image := []Type{MP4, WebM, MPEGTS, QuickTime}, []Type{JPEG, GIF, BMP, PNG, WebP, PJPEG, TIFF}
	families := [][]Type{video, image, {SRT, VTT}, {GLB, USDZ}, {MP4, GIF}}
	for _, a := range Types() {
		for _, b := range Types() {
			want := slices.ContainsFunc(families, func(f []Type) bool { return slices.Contains(f, a) && slices.Contains(f, b) })
			if got := a.SameFamily(b); got != want {
				t.Errorf("%s satisfies %s: %t", a, b, got)
			}
		}
		if a.SameFamily("") || Type("").SameFamily(a) || a.SameFamily("audio/mpeg") {
			t.Errorf("%s is in a family with what is no type", a)
		}
	}
}

func TestParseType(t *testing.T) {
	for _, typ := range Types() {
		if got, err := ParseType(string(typ)); err != nil || got != typ {
			t.Errorf("ParseType(%q) = %q, %v", typ, got, err)
		}
	}
	for _, text := range []string{"", "image/jpg", "IMAGE/PNG", "video/mp4; codecs=avc1", "video/mp4 ", "image/svg+xml"} {
		got, err := ParseType(text)
		e, ok := err.(*Error)
		if !ok || got != "" || e.Code != CodeInvalid || e.Field != "media_type" || e.Value != text {
			t.Errorf("ParseType(%q) = %q, %+v", text, got, err)
		}
	}
}
