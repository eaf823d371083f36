package catalog

import (
	"context"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// fold makes texts alike that differ in letter case or in how Unicode writes
// them. It is done here because databases differ in it.
func fold(s string) string { return norm.NFKC.String(cases.Fold().String(plainText(s))) }

// What a media may be used as by another.
const (
	UseAsPoster   = "poster"
	UseAsSticker  = "sticker"
	UseAsSubtitle = "subtitle"
)

// noteSearch keeps what an upload's metadata, as it is now, says that it is
// found by, and which media it names.
func noteSearch(ctx context.Context, q *queries.Queries, id media.ID, groups map[string]string) error {
	notes, err := media.DecodeMetadata(groups)
	if err != nil {
		// Groups of a form that nobody reads here are found by nothing.
		notes = media.Metadata{}
	}
	var source, words string
	if notes.UploadSource != nil {
		source = plainText(notes.UploadSource.UploadSource)
	}
	if notes.AltText != nil {
		words = fold(notes.AltText.Text)
	}
	if source == "" && words == "" {
		err = q.ClearSearch(ctx, int64(id))
	} else {
		err = q.SetSearch(ctx, queries.SetSearchParams{MediaID: int64(id), Source: source, Words: words})
	}
	if err != nil {
		return err
	}
	if err := q.ClearMentions(ctx, int64(id)); err != nil {
		return err
	}
	if notes.PreviewImage != nil {
		if err := mention(ctx, q, id, notes.PreviewImage.MediaKey.Media, UseAsPoster); err != nil {
			return err
		}
	}
	if notes.StickerInfo != nil {
		for _, s := range notes.StickerInfo.Stickers {
			named, ok := stickersMedia(s.ID)
			if !ok {
				continue
			}
			if err := mention(ctx, q, id, named, UseAsSticker); err != nil {
				return err
			}
		}
	}
	return nil
}

func mention(ctx context.Context, q *queries.Queries, id, named media.ID, purpose string) error {
	return q.InsertMention(ctx, queries.InsertMentionParams{MediaID: int64(id), NamedID: int64(named), Purpose: purpose})
}

// stickersMedia reads the media that a sticker's id names, as an id or a key.
func stickersMedia(s string) (media.ID, bool) {
	id, err := media.ParseID(s)
	if err != nil && strings.Contains(s, "_") {
		id, err = media.ParseKey(s)
	}
	return id, err == nil
}
