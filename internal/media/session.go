package media

import "time"

// SessionState is where an upload session stands. The moves are open → closing
// → closed, closing → open (a finalize that found something missing), and
// open → expired.
type SessionState string

// The states of a session.
const (
	SessionOpen    SessionState = "open"
	SessionClosing SessionState = "closing"
	SessionClosed  SessionState = "closed"
	SessionExpired SessionState = "expired"
)

// Way is how the bytes of an upload come.
type Way string

// The ways.
const (
	Numbered Way = ""         // in segments with numbers, in any order
	Serial   Way = "serial"   // one behind the other, as tus sends them
	Fragment Way = "fragment" // Serial, of what is only to be joined with others to an upload
)

// Undeclared is the TotalBytes of a session whose client did not say.
const Undeclared int64 = -1

// MaxTotalBytes is the most a session may declare or hold: 16 GiB, as the
// contract says.
const MaxTotalBytes int64 = 17_179_869_184

// MaxSegmentIndex is the highest segment_index of the contract.
const MaxSegmentIndex = 999

// MaxAdditionalOwners is X's documented limit.
const MaxAdditionalOwners = 100

// Session is an upload between initialize and finalize.
type Session struct {
	ID               ID
	Owner            string   // user id
	Category         Category // "" where the client did not say
	Type             Type     // declared; "" where the client did not say
	TotalBytes       int64    // declared; Undeclared where the client did not say
	Way              Way
	Shared           bool
	AdditionalOwners []string // user ids
	State            SessionState
	ClosingToken     string    // who is closing it; "" unless State is closing
	ClosingSince     time.Time // when State became closing
	CreatedAt        time.Time
	ExpiresAt        time.Time
	EndedAt          time.Time // when State became closed or expired
}

// UsableBy reports whether a user may append to, finalize and use it.
func (s Session) UsableBy(user string) bool {
	return usableBy(user, s.Owner, s.AdditionalOwners)
}

func usableBy(user, owner string, others []string) bool {
	if user == "" {
		return false
	}
	if user == owner {
		return true
	}
	for _, o := range others {
		if o == user {
			return true
		}
	}
	return false
}
