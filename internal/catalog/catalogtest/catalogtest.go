// Package catalogtest holds a catalogue to the comments on catalog.Catalog's
// methods, whatever the database below it. A database joins with one call of
// Run.
package catalogtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Run tests the catalogues that open gives. Each call of open gives a new and
// empty one, and closes it when its test ends.
func Run(t *testing.T, open func(t *testing.T) *catalog.Catalog) {
	for _, s := range []struct {
		noun string
		test func(*testing.T, func(*testing.T) *catalog.Catalog)
	}{
		{"Session", testSession},
		{"Closing", testClosing},
		{"Made", testMade},
		{"Blank", testBlank},
		{"Part", testPart},
		{"PartRaces", testPartRaces},
		{"Join", testJoin},
		{"SessionModel", testSessionModel},
		{"Media", testMedia},
		{"Attempt", testAttempt},
		{"AttemptModel", testAttemptModel},
		{"Redo", testRedo},
		{"History", testHistory},
		{"Rendition", testRendition},
		{"Retention", testRetention},
		{"Shown", testShown},
		{"Sweep", testSweep},
		{"Each", testEach},
		{"Metadata", testMetadata},
		{"Shared", testShared},
		{"Audit", testAudit},
		{"Manager", testManager},
		{"Subtitle", testSubtitle},
		{"Token", testToken},
		{"Client", testClient},
		{"Account", testAccount},
		{"SignIn", testSignIn},
		{"Consent", testConsent},
		{"Console", testConsole},
		{"UserToken", testUserToken},
		{"Injection", testInjection},
		{"Outbox", testOutbox},
		{"Follow", testFollow},
		{"Races", testRaces},
		{"Text", testText},
		{"Webhook", testWebhook},
		{"WebhookDelivery", testWebhookDelivery},
		{"Storage", testStorage},
		{"Library", testLibrary},
		{"Restore", testRestore},
		{"Uses", testUses},
		{"SigningKey", testSigningKey},
		{"Playback", testPlayback},
		{"PlaybackModel", testPlaybackModel},
		{"PlaybackOwner", testPlaybackOwner},
		{"Jobs", testJobs},
		{"Operator", testOperator},
		{"Deed", testDeed},
	} {
		t.Run(s.noun, func(t *testing.T) { s.test(t, open) })
	}
}

// at is an instant of the tests' own clock: so many seconds after its start.
func at(seconds int) time.Time {
	return time.Date(2026, 11, 21, 10, 0, 0, 123_000_000, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// never is a staleBefore that finds nothing stale.
var never = time.UnixMilli(1)

// server is who makes a change that no rule holds up.
var server = catalog.Actor{}

// session is an open session that expires at(1000).
func session(id media.ID) media.Session {
	return media.Session{
		ID:               id,
		Owner:            "2244994945",
		Category:         media.TweetVideo,
		Type:             media.MP4,
		TotalBytes:       1 << 33,
		Shared:           true,
		AdditionalOwners: []string{"12", "9999999999999999999"},
		State:            media.SessionOpen,
		CreatedAt:        at(0),
		ExpiresAt:        at(1000),
	}
}

// finalized is the pending media of a session, touched at(10).
func finalized(id media.ID) media.Media {
	folder := fmt.Sprintf("segments/%d/", id)
	return media.Media{
		ID:               id,
		Owner:            "2244994945",
		AdditionalOwners: []string{"12", "9999999999999999999"},
		Shared:           true,
		Category:         media.TweetVideo,
		Type:             media.QuickTime,
		Slug:             fmt.Sprintf("slug-%011d", id),
		Manifest: media.Manifest{
			{Key: folder + "000-a", Size: 5 << 20, CRC: 0xffffffff},
			{Key: folder + "001-b", Size: 1, CRC: 0},
		},
		State:     media.Pending,
		CreatedAt: at(10),
		TouchedAt: at(10),
	}
}

func rendition(id media.ID, attempt int, name string) media.Rendition {
	return media.Rendition{
		Role:        media.RoleMP4,
		Name:        name,
		ContentType: "video/mp4",
		BitRate:     2_176_000,
		Width:       1280,
		Height:      720,
		Blob: media.Blob{
			Key:  fmt.Sprintf("renditions/%d/%d/%s", id, attempt, name),
			Size: 1 << 34,
			CRC:  0xdeadbeef,
		},
	}
}

// create records an open session.
func create(t testingT, c *catalog.Catalog, id media.ID) {
	t.Helper()
	if err := c.CreateSession(t.Context(), session(id)); err != nil {
		t.Fatal(err)
	}
}

// createUnshared records an open session that nothing was said of.
func createUnshared(t testingT, c *catalog.Catalog, id media.ID) {
	t.Helper()
	s := session(id)
	s.Shared = false
	if err := c.CreateSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// unshared is finalized, and not shared.
func unshared(id media.ID) media.Media {
	m := finalized(id)
	m.Shared = false
	return m
}

// finalize records a session and closes it as m.
func finalize(t testingT, c *catalog.Catalog, m media.Media) {
	t.Helper()
	if m.Shared {
		create(t, c, m.ID)
	} else {
		createUnshared(t, c, m.ID)
	}
	take(t, c, m.ID, "finalize", at(9))
	ok, err := c.CloseSession(t.Context(), "finalize", m, at(10))
	if err != nil || !ok {
		t.Fatalf("CloseSession(%d) = %v, %v", m.ID, ok, err)
	}
}

// take closes a session by token, which must succeed.
func take(t testingT, c *catalog.Catalog, id media.ID, token string, now time.Time) {
	t.Helper()
	_, took, err := c.BeginClosing(t.Context(), id, token, now, never)
	if err != nil || !took {
		t.Fatalf("BeginClosing(%d, %q) = %v, %v", id, token, took, err)
	}
}

// claim begins an attempt, which must succeed.
func claim(t testingT, c *catalog.Catalog, id media.ID, now time.Time) int64 {
	t.Helper()
	m, ok, err := c.Claim(t.Context(), id, now)
	if err != nil || !ok {
		t.Fatalf("Claim(%d) = %v, %v", id, ok, err)
	}
	return m.Attempt
}

// publish ends an attempt, which must succeed.
func publish(t testingT, c *catalog.Catalog, id media.ID, attempt int64, o media.Outcome, now time.Time) {
	t.Helper()
	ok, err := c.Publish(t.Context(), id, attempt, o, now)
	if err != nil || !ok {
		t.Fatalf("Publish(%d, %d) = %v, %v", id, attempt, ok, err)
	}
}

func wantSession(t testingT, c *catalog.Catalog, want media.Session) {
	t.Helper()
	got, err := c.Session(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, want)
}

func wantMedia(t testingT, c *catalog.Catalog, want media.Media) {
	t.Helper()
	got, err := c.Media(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, want)
}

func wantEqual[T any](t testingT, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("unexpected (-want +got):\n%s", diff)
	}
}

// want checks the answer of a compare-and-set.
func want(t testingT, what string, got bool, err error, want bool) {
	t.Helper()
	if err != nil || got != want {
		t.Fatalf("%s = %v, %v, want %v", what, got, err, want)
	}
}

// wantNotFound also checks that there are words for the client.
func wantNotFound(t testingT, what string, err error) {
	t.Helper()
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeNotFound || e.Detail == "" {
		t.Fatalf("%s: got error %v, want one of code not_found with words", what, err)
	}
}

func wantConflict(t testingT, what string, err error) {
	t.Helper()
	if !errors.Is(err, catalog.ErrConflict) {
		t.Fatalf("%s: got error %v, want ErrConflict", what, err)
	}
}

// together runs fn n times at once and waits for all.
func together(n int, fn func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wg.Wait()
}

// steps takes some random actions of a model, and the one called "" after each.
// They are fewer than rapid's own Repeat would take: each is several
// transactions, and no life here has more than a handful of states.
func steps(t *rapid.T, actions map[string]func(*rapid.T)) {
	t.Helper()
	names := slices.Sorted(maps.Keys(actions))[1:]
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 16).Draw(t, "actions") {
		actions[name](t)
		actions[""](t)
	}
}
