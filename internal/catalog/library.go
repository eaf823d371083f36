package catalog

import (
	"context"
	"math"
	"strings"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// LibraryQuery says which of an owner's media to list. Zero members ask
// nothing.
type LibraryQuery struct {
	Owner    string
	Before   media.ID // only older ones; 0 begins with the newest
	Limit    int
	Category media.Category
	State    media.State
	Type     media.Type // as finalize found it
	Source   string     // exactly the upload_source
	Text     string     // in the alt text, whatever the letter case

	// DeletedSince lists media that were deleted after it and can still be
	// restored at Now, in the place of live ones.
	DeletedSince, Now time.Time
}

// How many rows are looked at to fill one page, where filters leave few, and
// how many at a time.
const (
	libraryMost  = 5000
	librarySlice = 500
)

// Library lists media of one owner, the newest upload first, as they are at one
// instant. more is what Before is to be for the next page, 0 if there is none.
// A page may be short of Limit, even empty, where more is not 0: so much is
// looked at for one page and not more.
func (c *Catalog) Library(ctx context.Context, l LibraryQuery) (page []media.Media, more media.ID, err error) {
	return c.library(ctx, l, libraryMost, librarySlice)
}

func (c *Catalog) library(ctx context.Context, l LibraryQuery, most, slice int64) (page []media.Media, more media.ID, err error) {
	err = c.snapshot(ctx, func(q *queries.Queries) error {
		page, more, err = readLibrary(ctx, q, l, most, slice)
		return err
	})
	if err != nil {
		return nil, 0, during(err, "list the media of user %s", l.Owner)
	}
	return page, more, nil
}

func readLibrary(ctx context.Context, q *queries.Queries, l LibraryQuery, most, slice int64) (page []media.Media, more media.ID, err error) {
	before, size := int64(l.Before), int64(l.Limit+1)
	if before == 0 {
		before = math.MaxInt64
	}
	l.Text = fold(l.Text)
	for looked := int64(0); looked < most; {
		rows, err := l.candidates(ctx, q, before, size)
		if err != nil {
			return nil, 0, err
		}
		var ids []int64
		for _, r := range rows {
			if l.wants(r) {
				ids = append(ids, r.id)
			}
		}
		found, err := q.ListMedia(ctx, ids)
		if err != nil {
			return nil, 0, err
		}
		byID := map[int64]queries.Media{}
		for _, r := range found {
			byID[r.ID] = r
		}
		for _, id := range ids {
			r, ok := byID[id]
			if !ok || !l.matches(r) {
				continue
			}
			if len(page) == l.Limit {
				return page, page[len(page)-1].ID, nil
			}
			m, err := mediaOf(r)
			if err != nil {
				return nil, 0, err
			}
			page = append(page, m)
		}
		if int64(len(rows)) < size {
			return page, 0, nil
		}
		before = rows[len(rows)-1].id
		looked += size
		size = slice
	}
	return page, media.ID(before), nil
}

// candidate is a row of the index that a list follows; what is not in that
// index is "".
type candidate struct {
	id                             int64
	category, state, source, words string
}

// candidates reads the next rows of the index that holds most of what is asked.
func (l LibraryQuery) candidates(ctx context.Context, q *queries.Queries, before, size int64) (out []candidate, err error) {
	switch {
	case !l.DeletedSince.IsZero():
		rows, err := q.LibraryDeleted(ctx, queries.LibraryDeletedParams{
			Owner: l.Owner, After: millis(l.DeletedSince), Now: millis(l.Now), Before: before, AtMost: size,
		})
		for _, r := range rows {
			out = append(out, candidate{id: r.ID, category: r.Category, state: r.State})
		}
		if err == nil && (l.Source != "" || l.Text != "") {
			err = searched(ctx, q, out)
		}
		return out, err
	case l.Source != "":
		rows, err := q.LibrarySource(ctx, queries.LibrarySourceParams{Owner: l.Owner, Source: l.Source, Before: before, AtMost: size})
		for _, r := range rows {
			out = append(out, candidate{id: r.MediaID, source: r.Source, words: r.Words})
		}
		return out, err
	case l.Text != "":
		rows, err := q.LibraryWords(ctx, queries.LibraryWordsParams{Owner: l.Owner, Before: before, AtMost: size})
		for _, r := range rows {
			out = append(out, candidate{id: r.MediaID, source: r.Source, words: r.Words})
		}
		return out, err
	case l.State != "":
		rows, err := q.LibraryState(ctx, queries.LibraryStateParams{Owner: l.Owner, State: string(l.State), Before: before, AtMost: size})
		for _, r := range rows {
			out = append(out, candidate{id: r.ID, category: r.Category, state: r.State})
		}
		return out, err
	case l.Category != "":
		rows, err := q.LibraryCategory(ctx, queries.LibraryCategoryParams{Owner: l.Owner, Category: string(l.Category), Before: before, AtMost: size})
		for _, r := range rows {
			out = append(out, candidate{id: r.ID, category: r.Category, state: r.State})
		}
		return out, err
	}
	rows, err := q.LibraryAll(ctx, queries.LibraryAllParams{Owner: l.Owner, Before: before, AtMost: size})
	for _, r := range rows {
		out = append(out, candidate{id: r.ID, category: r.Category, state: r.State})
	}
	return out, err
}

// searched adds what candidates are searched by.
func searched(ctx context.Context, q *queries.Queries, list []candidate) error {
	ids := make([]int64, len(list))
	for i, r := range list {
		ids[i] = r.id
	}
	rows, err := q.ListSearch(ctx, ids)
	by := map[int64]queries.Search{}
	for _, r := range rows {
		by[r.MediaID] = r
	}
	for i, r := range list {
		list[i].source, list[i].words = by[r.id].Source, by[r.id].Words
	}
	return err
}

// wants tells by what its index has whether a candidate may be meant.
func (l LibraryQuery) wants(r candidate) bool {
	return (l.Category == "" || r.category == "" || r.category == string(l.Category)) &&
		(l.Type == "" || r.category == "" || l.Type.Fits(media.Category(r.category))) &&
		(l.State == "" || r.state == "" || r.state == string(l.State)) &&
		(l.Source == "" || r.source == l.Source) && strings.Contains(r.words, l.Text)
}

// matches tells by the media's row what its index does not have.
func (l LibraryQuery) matches(r queries.Media) bool {
	return (l.Category == "" || r.Category == string(l.Category)) && (l.State == "" || r.State == string(l.State)) &&
		(l.Type == "" || r.Type == string(l.Type)) && (r.GoneAt > 0) == !l.DeletedSince.IsZero()
}

// OpenUploads lists the sessions of one owner that have not ended, the newest
// first, at most limit of them and of those before an id (0: all).
func (c *Catalog) OpenUploads(ctx context.Context, owner string, before media.ID, limit int) ([]media.Session, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := c.read().OpenUploads(ctx, queries.OpenUploadsParams{Owner: owner, Before: int64(before), AtMost: atMost(limit)})
	if err != nil {
		return nil, during(err, "list the uploads of user %s", owner)
	}
	out := make([]media.Session, len(rows))
	for i, r := range rows {
		if out[i], err = sessionOf(r); err != nil {
			return nil, during(err, "list the uploads of user %s", owner)
		}
	}
	return out, nil
}
