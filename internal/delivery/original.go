package delivery

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// Originals sends exact uploads. Who may have one is decided before it is
// called.
type Originals struct {
	blobs *blob.Store
	log   *slog.Logger
}

// NewOriginals makes Originals over a store.
func NewOriginals(b *blob.Store, log *slog.Logger) *Originals {
	return &Originals{blobs: b, log: log}
}

// Serve answers GET and HEAD with the exact upload, as an attachment that no
// browser opens as a document: the bytes are what a stranger sent.
func (o *Originals) Serve(w http.ResponseWriter, r *http.Request, m media.Media) {
	h := w.Header()
	h.Set("Content-Type", string(m.Type))
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=\"%s%s\"", m.ID, extension(m.Type)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, no-cache")
	extend(w, m.Size())
	// Blob names are never used twice, so the names stand for the bytes.
	names := sha256.New()
	for _, b := range m.Manifest {
		fmt.Fprintln(names, b.Key)
	}
	serve(w, r, o.blobs, m.Manifest, m, fmt.Sprintf("\"%x\"", names.Sum(nil)[:16]), o.log)
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
