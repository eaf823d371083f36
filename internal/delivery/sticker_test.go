package delivery

import (
	"fmt"
	"testing"
	"time"

	"magpie/internal/media"
)

// A sticker is shown where its id is that of an image that the photo's owner
// may use; its place in the list stays.
func TestStickers(t *testing.T) {
	c, store := openCatalog(t), onDisk(t)
	large := media.Rendition{Role: media.RoleImage, Name: "large.png", ContentType: "image/png", Width: 64, Height: 64}
	small := media.Rendition{Role: media.RoleImage, Name: "small.png", ContentType: "image/png", Width: 32, Height: 32}
	make := func(id media.ID, m media.Media, renditions ...media.Rendition) {
		t.Helper()
		m.ID, m.Slug = id, fmt.Sprintf("slug-%011d", id)
		published(t, c, store, m, renditions...)
	}
	make(11, media.Media{Owner: "1", Category: media.TweetImage}, small, large)
	make(12, media.Media{Owner: "7", Category: media.TweetImage, Shared: true}, large)
	make(13, media.Media{Owner: "7", Category: media.TweetImage, AdditionalOwners: []string{"1"}}, large)
	make(14, media.Media{Owner: "7", Category: media.TweetImage}, large)
	make(15, media.Media{Owner: "1", Category: media.TweetVideo}, media.Rendition{Role: media.RolePoster, Name: "large.jpg"})
	make(16, media.Media{Owner: "1", Category: media.TweetImage}, large)
	make(17, media.Media{Owner: "1", Category: media.TweetImage}) // nothing to show yet
	if _, err := c.DeleteMedia(t.Context(), 16, touched().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	var notes media.Metadata
	notes.StickerInfo = &media.StickerInfo{}
	for _, id := range []string{"12", "laughing-cat", "11", "", "14", "15", "16", "17", "404", "0", "-11", "011x", "13", "11"} {
		notes.StickerInfo.Stickers = append(notes.StickerInfo.Stickers, media.Sticker{ID: id, TransformTX: "10.5"})
	}
	for owner, want := range map[string]string{
		"1": "[12 11 13 11]",
		"7": "[12 14 13]",
		"8": "[12]",
		"":  "[12]",
	} {
		got, err := Stickers(t.Context(), c, notes, owner)
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{}
		for _, s := range got {
			ids = append(ids, s.ID)
			if s.Media.ID.String() != s.ID || s.Image.Name != "large.png" || s.TransformTX != "10.5" {
				t.Errorf("%s of %q: %+v", s.ID, owner, s)
			}
		}
		if fmt.Sprint(ids) != want {
			t.Errorf("of %q: %v, want %s", owner, ids, want)
		}
	}
	for _, none := range []media.Metadata{{}, {StickerInfo: &media.StickerInfo{Stickers: []media.Sticker{{}, {ID: "x"}}}}} {
		if got, err := Stickers(t.Context(), c, none, "1"); err != nil || len(got) > 0 {
			t.Errorf("%v, %v", got, err)
		}
	}
}
