package delivery

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"

	"magpie/internal/media"
)

// sizes names the sizes of every image.
func sizes() []string { return []string{"thumb", "small", "medium", "large", "orig"} }

// endings names what a size's file may end in. Each exists in one of them.
func endings() []string { return []string{".jpg", ".png", ".webp", ".gif"} }

// sizeAsked reads which size of an image a URL asks for, in any of X's three
// ways: large.jpg?name=orig, large?format=jpg&name=orig, large.jpg:orig. The
// names are those that its file may have, the likeliest first: whoever asks for
// a size knows neither what it is stored as, nor need the format that they name
// exist. Where no size is asked for, there are none.
func sizeAsked(name string, query url.Values) (size string, names []string) {
	stem, older, _ := strings.Cut(name, ":")
	size = query.Get("name")
	if size == "" {
		size = older
	}
	format := query.Get("format")
	if format == "jpeg" {
		format = "jpg"
	}
	if size == "" && format != "" {
		size = strings.TrimSuffix(stem, path.Ext(stem))
	}
	if size == "" || !slices.Contains(sizes(), size) {
		return size, nil
	}
	for _, ending := range append([]string{"." + format, path.Ext(stem)}, endings()...) {
		if n := size + ending; slices.Contains(endings(), ending) && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return size, names
}

// find reads the rendition that a URL means.
func (h *Renditions) find(ctx context.Context, slug, name string, query url.Values) (media.Media, media.Rendition, error) {
	size, names := sizeAsked(name, query)
	for _, n := range names {
		m, r, err := h.catalog.RenditionBySlug(ctx, slug, n)
		if media.CodeOf(err) != media.CodeNotFound {
			return m, r, err
		}
	}
	if query.Get("name") != "" || strings.Contains(name, ":") {
		err := media.Errorf(media.CodeNotFound, "There is no size %.40q of an image at this address; an image has %s.", size, strings.Join(sizes(), ", "))
		err.Field, err.Value = "name", size
		return media.Media{}, media.Rendition{}, err
	}
	return h.catalog.RenditionBySlug(ctx, slug, name)
}
