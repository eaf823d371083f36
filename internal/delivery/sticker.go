package delivery

import (
	"context"
	"fmt"
	"path"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Sticker is one of a photo's stickers whose picture is here.
type Sticker struct {
	media.Sticker
	Media media.Media     // the image
	Image media.Rendition // what to show of it: the size that a lookup's url opens
}

// Stickers gives those of a photo's stickers whose id is that of an image here
// that owner, the photo's, may use, in the order in which they lie: the last is
// on top. X's own sticker ids, and images that are gone or not ready, are left
// out. The image's own rules are not looked at: they hold at its URL, as for any
// viewer.
func Stickers(ctx context.Context, c *catalog.Catalog, notes media.Metadata, owner string) ([]Sticker, error) {
	if notes.StickerInfo == nil {
		return nil, nil
	}
	var ids []media.ID
	for _, s := range notes.StickerInfo.Stickers {
		if id, err := media.ParseID(s.ID); err == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := c.MediaList(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look stickers up: %w", err)
	}
	renditions, err := c.Renditions(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look the pictures of stickers up: %w", err)
	}
	var out []Sticker
	for _, s := range notes.StickerInfo.Stickers {
		id, err := media.ParseID(s.ID)
		m, there := list[id]
		if err != nil || !there || !m.VisibleTo(owner) || !m.GoneAt.IsZero() || m.Category.Kind() != media.KindImage {
			continue
		}
		if image, ok := large(renditions[id]); ok {
			out = append(out, Sticker{Sticker: s, Media: m, Image: image})
		}
	}
	return out, nil
}

// large finds the size of an image that its lookups show.
func large(renditions []media.Rendition) (media.Rendition, bool) {
	for _, r := range renditions {
		if r.Role == media.RoleImage && r.Name == "large"+path.Ext(r.Name) {
			return r, true
		}
	}
	return media.Rendition{}, false
}
