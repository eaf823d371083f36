package catalog

import (
	"context"
	"slices"
	"strings"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// MaxSubtitles is how many languages one video may have subtitles in.
const MaxSubtitles = 100

// AttachSubtitles attaches subtitle files to a video at now, all of them or
// none: each takes the place of what the video has in its language. It gives
// all that is attached then, as Subtitles does. Sending the same again changes
// only AttachedAt. A video or a file that is unknown or gone is
// media.CodeNotFound; a video that would have more than MaxSubtitles languages
// is media.CodeInvalid; one that another client manages than by's is
// media.CodeForbidden, as MayChange says. What may be attached to what, the caller has checked;
// Video and AttachedAt of add are set here.
func (c *Catalog) AttachSubtitles(ctx context.Context, video media.ID, add []media.Subtitle, by Actor, now time.Time) ([]media.Subtitle, error) {
	var all []media.Subtitle
	err := c.write(ctx, func(q *queries.Queries) error {
		if err := holdSubtitles(ctx, q, video, add); err != nil {
			return err
		}
		if err := mayChange(ctx, q, video, by); err != nil {
			return err
		}
		for _, s := range add {
			err := q.AttachSubtitle(ctx, queries.AttachSubtitleParams{
				MediaID: int64(video), Language: string(s.Language), DisplayName: plainText(s.DisplayName),
				FileID: int64(s.File), AttachedAt: millis(now),
			})
			if err != nil {
				return err
			}
		}
		lists, err := readSubtitles(ctx, q, []media.ID{video})
		all = lists[video]
		if err == nil && len(all) > MaxSubtitles {
			err = media.Invalid("subtitles", "The video %s would have subtitles in %d languages; it may have them in %d.", video, len(all), MaxSubtitles)
		}
		return err
	})
	if err != nil {
		return nil, during(err, "attach subtitles to %s", video)
	}
	return all, nil
}

// holdSubtitles keeps the video and the files live until the transaction ends,
// and two changes of one video apart, and who manages it as it is.
func holdSubtitles(ctx context.Context, q *queries.Queries, video media.ID, add []media.Subtitle) error {
	if err := holdUpload(ctx, q, video); err != nil {
		return err
	}
	ids := []media.ID{video}
	for _, s := range add {
		ids = append(ids, s.File)
	}
	slices.Sort(ids) // so that two transactions lock rows the same way round
	for _, id := range slices.Compact(ids) {
		if _, err := q.HoldMedia(ctx, int64(id)); err != nil {
			return notFound(err, "There is no media with the id %s.", id)
		}
	}
	return nil
}

// DetachSubtitles takes a video's subtitles in some languages away, all at
// once; the files stay. False means that there were none that Subtitles would
// have shown, so it may be called again. A video that is unknown or gone is
// media.CodeNotFound, and one that another client manages media.CodeForbidden.
func (c *Catalog) DetachSubtitles(ctx context.Context, video media.ID, languages []media.Language, by Actor) (bool, error) {
	shown := false
	err := c.write(ctx, func(q *queries.Queries) error {
		if err := holdSubtitles(ctx, q, video, nil); err != nil {
			return err
		}
		if err := mayChange(ctx, q, video, by); err != nil {
			return err
		}
		before, err := readSubtitles(ctx, q, []media.ID{video})
		if err != nil {
			return err
		}
		for _, l := range languages {
			_, err := q.DetachSubtitle(ctx, queries.DetachSubtitleParams{MediaID: int64(video), Language: string(l)})
			if err != nil {
				return err
			}
		}
		shown = slices.ContainsFunc(before[video], func(s media.Subtitle) bool { return slices.Contains(languages, s.Language) })
		return nil
	})
	return shown && err == nil, during(err, "detach subtitles from %s", video)
}

// Subtitles reads what is attached to many videos as it is at one instant, of
// each video in order of language. Subtitles whose file is gone are not shown,
// and videos without any are not in the map.
func (c *Catalog) Subtitles(ctx context.Context, videos []media.ID) (map[media.ID][]media.Subtitle, error) {
	var out map[media.ID][]media.Subtitle
	err := c.list(ctx, len(videos), func(q *queries.Queries) (err error) {
		out, err = readSubtitles(ctx, q, videos)
		return err
	})
	if err != nil {
		return nil, during(err, "read subtitles of %d media", len(videos))
	}
	return out, nil
}

func readSubtitles(ctx context.Context, q *queries.Queries, videos []media.ID) (map[media.ID][]media.Subtitle, error) {
	rows, err := q.ListSubtitles(ctx, distinct(videos))
	out := make(map[media.ID][]media.Subtitle, len(videos))
	for _, r := range rows {
		s := subtitleOf(r)
		out[s.Video] = append(out[s.Video], s)
	}
	for _, list := range out { // databases differ in how they sort text
		slices.SortFunc(list, func(a, b media.Subtitle) int { return strings.Compare(string(a.Language), string(b.Language)) })
	}
	return out, err
}

// SubtitleBySlug reads a video by its name in public URLs, what is attached to
// it in a language, and the rendition of that file. The video is read also when
// it is gone (look at GoneAt), without its Manifest, Placeholder, Lost and Facts. Where the video, a
// subtitle in that language or its file is not there any more, it is
// media.CodeNotFound.
func (c *Catalog) SubtitleBySlug(ctx context.Context, slug string, l media.Language) (media.Media, media.Subtitle, media.Rendition, error) {
	r, err := c.read().GetSubtitleBySlug(ctx, queries.GetSubtitleBySlugParams{Slug: slug, Language: string(l)})
	if err != nil {
		err = notFound(err, "There are no such subtitles at this address.")
		return media.Media{}, media.Subtitle{}, media.Rendition{}, during(err, "read subtitles %s at %q", l, slug)
	}
	m, err := mediaOf(queries.Media{
		ID:               r.ID,
		Owner:            r.Owner,
		AdditionalOwners: r.AdditionalOwners,
		Shared:           r.Shared,
		Category:         r.Category,
		Type:             r.Type,
		Slug:             r.Slug,
		State:            r.State,
		Attempt:          r.Attempt,
		Published:        r.Published,
		Progress:         r.Progress,
		FailureCode:      r.FailureCode,
		FailureName:      r.FailureName,
		FailureMessage:   r.FailureMessage,
		Width:            r.Width,
		Height:           r.Height,
		DurationNS:       r.DurationNS,
		CreatedAt:        r.CreatedAt,
		TouchedAt:        r.TouchedAt,
		ExpiresAt:        r.ExpiresAt,
		GoneAt:           r.GoneAt,
	})
	return m, subtitleOf(r.Subtitle), renditionOf(r.Rendition), during(err, "read subtitles %s at %q", l, slug)
}

func subtitleOf(r queries.Subtitle) media.Subtitle {
	return media.Subtitle{
		Video:       media.ID(r.MediaID),
		Language:    media.Language(r.Language),
		DisplayName: r.DisplayName,
		File:        media.ID(r.FileID),
		AttachedAt:  timeOf(r.AttachedAt),
	}
}
