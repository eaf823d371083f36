package media

import "time"

// State is where processing of a media stands, in X's words.
type State string

// The states of a media. Pending and InProgress come before the other two and
// never after.
const (
	Pending    State = "pending"
	InProgress State = "in_progress"
	Succeeded  State = "succeeded"
	Failed     State = "failed"
)

// Done reports whether processing has ended.
func (s State) Done() bool { return s == Succeeded || s == Failed }

// Media is a finalized upload.
type Media struct {
	ID               ID
	Owner            string
	AdditionalOwners []string
	Shared           bool
	Category         Category // always known
	Type             Type     // what the bytes are
	Slug             string   // unguessable name in public URLs, [A-Za-z0-9_-]{16}
	Manifest         Manifest // the exact upload
	State            State
	Attempt          int64         // the newest claim; 0 before the first
	Lost             int64         // how many attempts ended without a word, as those of a process that dies
	Published        int64         // the attempt whose renditions are shown; 0 before any
	Progress         int           // percent of the running attempt
	Failure          *Failure      // set exactly when State is Failed
	Width, Height    int           // of the original as a viewer sees it (rotation applied); 0 if not visual
	Duration         time.Duration // while pending: only where processing is known to take long
	Placeholder      string        // a ThumbHash in base64, to show until the picture is there; "" for none
	Facts            Facts         // what was counted in it
	CreatedAt        time.Time     // finalize
	TouchedAt        time.Time     // last claim, progress or publication
	ExpiresAt        time.Time     // retention; zero is never
	GoneAt           time.Time     // deleted or past retention; zero while live
}

// Deleted reports whether it is gone before its time: by being deleted, and not
// by its retention.
func (m Media) Deleted() bool {
	return !m.GoneAt.IsZero() && (m.ExpiresAt.IsZero() || m.GoneAt.Before(m.ExpiresAt))
}

// RestorableUntil is when a media that was deleted can't be brought back any
// more, where there is so much time to do it; zero for one that can't at all.
func (m Media) RestorableUntil(grace time.Duration) time.Time {
	if !m.Deleted() {
		return time.Time{}
	}
	until := m.GoneAt.Add(grace)
	if !m.ExpiresAt.IsZero() && m.ExpiresAt.Before(until) {
		return m.ExpiresAt
	}
	return until
}

// Key is the media_key.
func (m Media) Key() Key { return KeyOf(m.Category, m.ID) }

// Size is the length of the exact upload in bytes.
func (m Media) Size() int64 { return m.Manifest.Size() }

// UsableBy reports whether a user may use it and see its private fields.
func (m Media) UsableBy(user string) bool {
	return usableBy(user, m.Owner, m.AdditionalOwners)
}

// VisibleTo reports whether a signed-in user may look it up: its users, and
// anyone once it is shared.
func (m Media) VisibleTo(user string) bool { return m.Shared || m.UsableBy(user) }

// Failure is why processing ended in Failed, as X's processing_info.error.
type Failure struct {
	Code    int
	Name    string
	Message string
}

// X's three names for a failure, with their codes: the file is broken, the
// file is whole but of a sort that is not taken, and a fault of the server's.
const (
	InvalidMedia     = "InvalidMedia"
	UnsupportedMedia = "UnsupportedMedia"
	InternalError    = "InternalError"
)

// NewFailure makes a Failure with the code that belongs to the name.
func NewFailure(name, message string) *Failure {
	code := map[string]int{InvalidMedia: 1, InternalError: 2, UnsupportedMedia: 3}[name]
	return &Failure{Code: code, Name: name, Message: message}
}

// Error makes a Failure an error, so that a processing step can return it to
// say "this file, never again".
func (f *Failure) Error() string { return f.Name + ": " + f.Message }

// Role is what a rendition is for.
type Role string

// The roles.
const (
	RoleMP4        Role = "mp4"        // an MP4, a variant, and what media playlists' byte ranges point into
	RoleMaster     Role = "master"     // HLS multivariant playlist, a variant
	RolePlaylist   Role = "playlist"   // HLS media playlist
	RolePoster     Role = "poster"     // still of a video or GIF
	RoleImage      Role = "image"      // a size of an image
	RoleSprite     Role = "sprite"     // a sheet of small stills of a video
	RoleThumbnails Role = "thumbnails" // WebVTT that says which still is when
	RoleText       Role = "text"       // subtitles as WebVTT
	RoleModel      Role = "model"      // a 3D model
)

// Rendition is one file that processing made. Name is unique within an attempt
// and is the last element of its URL; playlists refer to their siblings by it.
type Rendition struct {
	Role        Role
	Name        string // [a-z0-9][a-z0-9._-]*
	ContentType string
	BitRate     int64 // bits per second; 0 where it has no meaning
	Width       int
	Height      int
	Blob        Blob
}

// Outcome is what one attempt found and made.
type Outcome struct {
	Failure       *Failure // nil when it succeeded
	Width, Height int
	Duration      time.Duration
	Placeholder   string // as in Media
	Facts         Facts
	Renditions    []Rendition
	More          bool // it can be shown as it is, and another attempt will make more of it
}
