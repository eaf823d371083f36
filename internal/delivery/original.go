package delivery

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Originals sends exact uploads. Who may have one is decided before it is
// called.
type Originals struct {
	catalog *catalog.Catalog
	blobs   *blob.Store
	rows    *recent[media.ID, media.Media]
	layouts layouts
	log     *slog.Logger
}

// NewOriginals makes Originals over a store.
func NewOriginals(c *catalog.Catalog, b *blob.Store, now func() time.Time, log *slog.Logger) *Originals {
	return &Originals{catalog: c, blobs: b, rows: newRecentOf[media.ID, media.Media](c, now), log: log}
}

// Media is the catalogue's Outline of a media, for a moment from memory: what
// another process changed may be missing for recentFor.
func (o *Originals) Media(ctx context.Context, id media.ID) (media.Media, error) {
	m, taken, ok := o.rows.get(id)
	if ok {
		return m, nil
	}
	m, err := o.catalog.Outline(ctx, id)
	if err != nil {
		return media.Media{}, err
	}
	o.rows.put(id, m, taken)
	return m, nil
}

// Serve answers GET and HEAD with the exact upload of a media that Media gave, as
// an attachment that no browser opens as a document: the bytes are what a stranger
// sent. Where it gives an error, it has answered nothing.
func (o *Originals) Serve(w http.ResponseWriter, r *http.Request, m media.Media) error {
	l, err := o.layout(r.Context(), m.ID)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", string(m.Type))
	h.Set("Content-Disposition", "attachment; filename=\""+m.ID.String()+extension(m.Type)+"\"")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, no-cache")
	return serve(w, r, o.blobs, l.manifest, m, l.tag, o.log)
}

func extension(t media.Type) string {
	switch t {
	case media.MP4:
		return ".mp4"
	case media.WebM:
		return ".webm"
	case media.MPEGTS:
		return ".ts"
	case media.QuickTime:
		return ".mov"
	case media.SRT:
		return ".srt"
	case media.VTT:
		return ".vtt"
	case media.JPEG, media.PJPEG:
		return ".jpg"
	case media.GIF:
		return ".gif"
	case media.BMP:
		return ".bmp"
	case media.PNG:
		return ".png"
	case media.WebP:
		return ".webp"
	case media.TIFF:
		return ".tiff"
	case media.GLB:
		return ".glb"
	case media.USDZ:
		return ".usdz"
	}
	return ".bin"
}
