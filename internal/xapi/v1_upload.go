package xapi

import "magpie/internal/media"

// v1 answers POST /1.1/media/upload.json as X's API of version 1.1 does: the
// same commands, without v2's wrapping, and with ids as exact numbers beside
// their text. media_key is left out where the client named no category.
func v1() dialect {
	return dialect{
		begun: func(s media.Session, said uploadFields) any {
			return v1Result{
				MediaID: s.ID, MediaIDString: s.ID.String(), MediaKey: said.keyed(media.KeyOf(s.Category, s.ID)),
				ExpiresAfterSecs: secondsUntil(s.ExpiresAt, s.CreatedAt),
			}
		},
		made: func(u uploadResult, said uploadFields) any {
			out := newV1Result(u)
			if said.values["command"] == "" {
				out.MediaKey = said.keyed(out.MediaKey)
			}
			if out.ExpiresAfterSecs == 0 {
				out.ExpiresAfterSecs = v1Lifetime
			}
			return out
		},
	}
}

// keyed is the media_key for who named a category.
func (f uploadFields) keyed(key media.Key) media.Key {
	if f.values["media_category"] == "" {
		return ""
	}
	return key
}
