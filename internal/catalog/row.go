package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// millis is a time as a row keeps it; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// encodeNames is a list of user ids or scopes as JSON.
func encodeNames(names []string) (string, error) {
	if len(names) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(names)
	return string(text), err
}

func decodeNames(text string) ([]string, error) {
	var names []string
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return nil, fmt.Errorf("read list of names: %w", err)
	}
	if len(names) == 0 {
		return nil, nil
	}
	return names, nil
}

// encodeFacts is what was counted as JSON, or "" for nothing.
func encodeFacts(f media.Facts) (string, error) {
	if f == (media.Facts{}) {
		return "", nil
	}
	text, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("write facts: %w", err)
	}
	return string(text), nil
}

func decodeFacts(text string) (media.Facts, error) {
	var f media.Facts
	if text == "" {
		return f, nil
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return f, fmt.Errorf("read facts: %w", err)
	}
	return f, nil
}

// plainText makes words that came out of a file storable: PostgreSQL takes
// neither a NUL nor broken UTF-8.
func plainText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func sessionOf(r queries.Session) (media.Session, error) {
	owners, err := decodeNames(r.AdditionalOwners)
	if err != nil {
		return media.Session{}, fmt.Errorf("session %d: %w", r.ID, err)
	}
	return media.Session{
		ID:               media.ID(r.ID),
		Owner:            r.Owner,
		Category:         media.Category(r.Category),
		Type:             media.Type(r.Type),
		TotalBytes:       r.TotalBytes,
		Way:              media.Way(r.Way),
		Shared:           r.Shared != 0,
		AdditionalOwners: owners,
		State:            media.SessionState(r.State),
		ClosingToken:     r.ClosingToken,
		ClosingSince:     timeOf(r.ClosingSince),
		CreatedAt:        timeOf(r.CreatedAt),
		ExpiresAt:        timeOf(r.ExpiresAt),
		EndedAt:          timeOf(r.EndedAt),
	}, nil
}

// mediaOf reads a row; an empty manifest text, which no row has, gives none.
func mediaOf(r queries.Media) (media.Media, error) {
	owners, err := decodeNames(r.AdditionalOwners)
	if err != nil {
		return media.Media{}, fmt.Errorf("media %d: %w", r.ID, err)
	}
	var manifest media.Manifest
	if r.Manifest != "" {
		if manifest, err = decodeManifest(r.Manifest); err != nil {
			return media.Media{}, fmt.Errorf("media %d: %w", r.ID, err)
		}
	}
	facts, err := decodeFacts(r.Facts)
	if err != nil {
		return media.Media{}, fmt.Errorf("media %d: %w", r.ID, err)
	}
	m := media.Media{
		ID:               media.ID(r.ID),
		Owner:            r.Owner,
		AdditionalOwners: owners,
		Shared:           r.Shared != 0,
		Category:         media.Category(r.Category),
		Type:             media.Type(r.Type),
		Slug:             r.Slug,
		Manifest:         manifest,
		State:            media.State(r.State),
		Attempt:          r.Attempt,
		Lost:             r.Lost,
		Published:        r.Published,
		Progress:         int(r.Progress),
		Width:            int(r.Width),
		Height:           int(r.Height),
		Duration:         time.Duration(r.DurationNS),
		Placeholder:      r.Placeholder,
		Facts:            facts,
		CreatedAt:        timeOf(r.CreatedAt),
		TouchedAt:        timeOf(r.TouchedAt),
		ExpiresAt:        timeOf(r.ExpiresAt),
		GoneAt:           timeOf(r.GoneAt),
	}
	if m.State == media.Failed {
		m.Failure = &media.Failure{Code: int(r.FailureCode), Name: r.FailureName, Message: r.FailureMessage}
	}
	return m, nil
}

func renditionOf(r queries.Rendition) media.Rendition {
	return media.Rendition{
		Role:        media.Role(r.Role),
		Name:        r.Name,
		ContentType: r.ContentType,
		BitRate:     r.BitRate,
		Width:       int(r.Width),
		Height:      int(r.Height),
		Blob:        media.Blob{Key: r.BlobKey, Size: r.BlobSize, CRC: uint32(r.BlobCRC)},
	}
}
