package delivery

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"magpie/internal/media"
)

// sizes names the sizes of every image.
func sizes() []string { return []string{"thumb", "small", "medium", "large", "orig"} }

// storedAs gives the size that is stored for one that X has too: the nearest
// that is no smaller. Other names are given back.
func storedAs(size string) string {
	switch size {
	case "4096x4096":
		return "orig"
	case "900x900":
		return "medium"
	case "360x360":
		return "small"
	}
	return size
}

// isOrig reports whether a file is an image in its original size.
func isOrig(name string) bool { return strings.TrimSuffix(name, path.Ext(name)) == "orig" }

// endings names what a size's file may end in. Each exists in one of them.
func endings() []string { return []string{".jpg", ".png", ".webp", ".gif"} }

// wanted is a size of an image that a URL asks for.
type wanted struct {
	size   string   // as the URL names it; "" where none is asked for
	named  bool     // in words of its own, and not as the stored file's name
	format string   // what the file must be, because nothing else would do; "" for any
	names  []string // that its file may have, the likeliest first; none for a size that isn't one
}

// sizeAsked reads which size of an image a URL asks for, in any of X's three
// ways: large.jpg?name=orig, large?format=jpg&name=orig, large.jpg:orig. Without
// a file's name (name is empty or an ending) it is medium, as on X. Whoever asks
// for a size knows neither what it is stored as, nor need the format that they
// name exist: on X every picture is there as jpg and webp, and clients ask for
// these without looking. What they get says what it is. Any other format is
// asked for on purpose.
func sizeAsked(name string, query url.Values) wanted {
	stem, older, _ := strings.Cut(name, ":")
	ending := path.Ext(stem)
	stem = strings.TrimSuffix(stem, ending)
	w := wanted{size: cmp.Or(query.Get("name"), older)}
	w.named = w.size != ""
	format := query.Get("format")
	if w.size == "" && (format != "" || stem == "") {
		w.size = cmp.Or(stem, "medium")
	}
	stored := storedAs(w.size)
	if !slices.Contains(sizes(), stored) {
		return w
	}
	switch format {
	case "", "jpg", "webp":
	case "jpeg":
		format = "jpg"
	default:
		w.format = format
		w.names = []string{stored + "." + format}
		return w
	}
	for _, e := range append([]string{"." + format, ending}, endings()...) {
		if n := stored + e; slices.Contains(endings(), e) && !slices.Contains(w.names, n) {
			w.names = append(w.names, n)
		}
	}
	return w
}

// asked gives the slug and the file's name of a request's path. The path may
// end with the slug, or with the slug and an ending, as X's do.
func asked(r *http.Request) (slug, name string) {
	slug, name = r.PathValue("slug"), r.PathValue("name")
	if at := strings.IndexAny(slug, ".:"); name == "" && at >= 0 {
		slug, name = slug[:at], slug[at:]
	}
	return slug, name
}

// asking is all of a URL that says which rendition it means.
type asking struct{ slug, name, size, format string }

// askedMost is how long an asking may be to be remembered.
const askedMost = 256

// finding is the rendition that a URL means, and its media.
type finding struct {
	media     media.Media
	rendition media.Rendition
}

// find gives the rendition that a URL means, for a moment from memory.
func (h *Renditions) find(ctx context.Context, slug, name string, query url.Values) (media.Media, media.Rendition, error) {
	a := asking{slug, name, query.Get("name"), query.Get("format")}
	known, taken, ok := h.found.get(a)
	if ok {
		return known.media, known.rendition, nil
	}
	m, r, err := h.lookUp(ctx, slug, name, query)
	if err == nil && len(slug)+len(name)+len(a.size)+len(a.format) <= askedMost {
		// Cloned: they are pieces of a request's whole URL.
		a = asking{strings.Clone(slug), strings.Clone(name), strings.Clone(a.size), strings.Clone(a.format)}
		h.found.put(a, finding{m, r}, taken)
	}
	return m, r, err
}

// lookUp is find from the catalogue.
func (h *Renditions) lookUp(ctx context.Context, slug, name string, query url.Values) (media.Media, media.Rendition, error) {
	w := sizeAsked(name, query)
	for _, n := range w.names {
		if !slices.Contains(endings(), path.Ext(n)) {
			break
		}
		m, r, err := h.catalog.RenditionBySlug(ctx, slug, n)
		if media.CodeOf(err) != media.CodeNotFound {
			return m, r, err
		}
	}
	if w.format != "" {
		if err := h.otherFormat(ctx, slug, w); err != nil {
			return media.Media{}, media.Rendition{}, err
		}
	}
	if w.named {
		err := media.Errorf(media.CodeNotFound, "There is no size %.40q of an image at this address; an image has %s.", w.size, strings.Join(sizes(), ", "))
		err.Field, err.Value = "name", w.size
		return media.Media{}, media.Rendition{}, err
	}
	return h.catalog.RenditionBySlug(ctx, slug, name)
}

// otherFormat says what a size is stored as that is not there in the format
// asked for, or gives nil where there is no such size.
func (h *Renditions) otherFormat(ctx context.Context, slug string, w wanted) error {
	for _, ending := range endings() {
		_, _, err := h.catalog.RenditionBySlug(ctx, slug, storedAs(w.size)+ending)
		if media.CodeOf(err) == media.CodeNotFound {
			continue
		}
		if err != nil {
			return err
		}
		e := media.Errorf(media.CodeNotFound, "The size %.40q of this image is not there as %.40q, only as %s.", w.size, w.format, ending[1:])
		e.Field, e.Value = "format", w.format
		return e
	}
	return nil
}
