package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Request is what a client says of an upload before it begins. Only Owner is
// required.
type Request struct {
	Owner            string
	Category         media.Category // "" to take it from the type or the bytes
	Type             media.Type     // "" to take it from the bytes
	TotalBytes       int64          // media.Undeclared to leave the sum unchecked
	Shared           bool
	AdditionalOwners []string
	Brief            bool // the session has Config.Brief to be finalized, not Config.Lifetime
}

// Initialize opens a session. It refuses what can't become a media: a total
// out of range or over the category's limit, or a category and a type that can't
// go together; and, with CodeQuota, what the owner's quota has no room for.
func (s *Sessions) Initialize(ctx context.Context, r Request) (media.Session, error) {
	if err := r.check(); err != nil {
		return media.Session{}, err
	}
	if err := s.cfg.Limits.CheckBytes("total_bytes", r.Category, r.Type, r.TotalBytes); err != nil {
		return media.Session{}, err
	}
	lifetime := s.cfg.Lifetime
	if r.Brief {
		lifetime = s.cfg.Brief
	}
	return s.begin(ctx, r, lifetime)
}

// begin opens a session for a request that was checked.
func (s *Sessions) begin(ctx context.Context, r Request, lifetime time.Duration) (media.Session, error) {
	return s.open(ctx, s.session(r, lifetime))
}

// session is the session that a request asks for, without an id.
func (s *Sessions) session(r Request, lifetime time.Duration) media.Session {
	now := s.now()
	return media.Session{
		Owner: r.Owner, Category: r.category(), Type: r.Type, TotalBytes: r.TotalBytes, Shared: r.Shared,
		AdditionalOwners: r.AdditionalOwners, State: media.SessionOpen,
		CreatedAt: now, ExpiresAt: now.Add(lifetime),
	}
}

// category is what was asked for, or what X assumes from the type.
func (r Request) category() media.Category {
	if r.Category == "" {
		return r.Type.DefaultCategory()
	}
	return r.Category
}

// open writes the session's row.
func (s *Sessions) open(ctx context.Context, session media.Session) (media.Session, error) {
	return s.openBy(ctx, session, s.create(ctx))
}

// create writes a session's row, as openBy has it done.
func (s *Sessions) create(ctx context.Context) func(media.Session) error {
	return func(session media.Session) error { return s.catalog.CreateSessionWithin(ctx, session, s.cfg.Quota) }
}

// openBy writes a session's row by create under a new id, trying another when
// two were made alike.
func (s *Sessions) openBy(ctx context.Context, session media.Session, create func(media.Session) error) (media.Session, error) {
	for {
		id, err := s.newID(session.CreatedAt)
		if err != nil {
			return media.Session{}, err
		}
		session.ID = id
		err = s.openAs(ctx, session, create)
		if errors.Is(err, catalog.ErrConflict) {
			continue
		}
		if err != nil {
			return media.Session{}, err
		}
		return session, nil
	}
}

// newID makes an id for a session of that time, which another may have.
func (s *Sessions) newID(at time.Time) (media.ID, error) {
	id, err := media.NewID(at, s.random)
	if err != nil {
		return 0, fmt.Errorf("make a media id: %w", err)
	}
	return id, nil
}

// openAs is openBy under the id that the session has. Where another has it the
// error is ErrConflict.
func (s *Sessions) openAs(ctx context.Context, session media.Session, create func(media.Session) error) error {
	if err := create(session); err != nil {
		return fmt.Errorf("open session %s: %w", session.ID, err)
	}
	s.cfg.Watch.opened(ctx)
	s.recent.note(session, asOf{}, s.now())
	if session.State == media.SessionOpen { // no segments come to one that is closing from the beginning
		s.held.begin(session.ID)
	}
	return nil
}

func (r Request) check() error {
	if r.TotalBytes != media.Undeclared && (r.TotalBytes < 0 || r.TotalBytes > media.MaxTotalBytes) {
		e := media.Invalid("total_bytes", "must be from 0 to %d", media.MaxTotalBytes)
		e.Value = fmt.Sprint(r.TotalBytes)
		return e
	}
	if len(r.AdditionalOwners) > media.MaxAdditionalOwners {
		return media.Invalid("additional_owners", "names %d users; at most %d are allowed", len(r.AdditionalOwners), media.MaxAdditionalOwners)
	}
	for _, o := range r.AdditionalOwners {
		if _, err := media.ParseUserID(o); err != nil {
			e := media.Invalid("additional_owners", "must hold user ids of 1 to 19 digits, such as 2244994945")
			e.Value = o
			return e
		}
	}
	if !r.Type.Fits(r.Category) {
		e := media.Invalid("media_type", "%s can't be uploaded with media_category %s; %s", r.Type, r.Category, advice(r.Type))
		e.Value = string(r.Type)
		return e
	}
	return nil
}

// advice names the categories that a type goes with.
func advice(t media.Type) string {
	fitting := ""
	for _, c := range media.Categories() {
		if !t.Fits(c) {
			continue
		}
		if fitting != "" {
			fitting += ", "
		}
		fitting += string(c)
	}
	if fitting == "" {
		return "leave media_category out for this type"
	}
	return "it goes with " + fitting
}
