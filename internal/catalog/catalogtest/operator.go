package catalogtest

import (
	"fmt"
	"slices"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testJobs(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	failed := func(name string) media.Outcome { return media.Outcome{Failure: media.NewFailure(name, "words")} }
	// jobs reads all pages of a list, each of two.
	jobs := func(t *testing.T, c *catalog.Catalog, state catalog.JobState) (ids []media.ID, redo []media.ID) {
		t.Helper()
		for before := media.ID(0); ; {
			page, more, err := c.Jobs(t.Context(), state, before, 2)
			if err != nil || len(page) > 2 {
				t.Fatal(len(page), err)
			}
			for _, j := range page {
				wantMedia(t, c, j.Media)
				ids = append(ids, j.ID)
				if j.Redo {
					redo = append(redo, j.ID)
				}
			}
			if more == 0 {
				return ids, redo
			}
			before = more
		}
	}
	want := func(t *testing.T, c *catalog.Catalog, state catalog.JobState, redo []media.ID, want ...media.ID) {
		t.Helper()
		got, again := jobs(t, c, state)
		wantEqual(t, got, want)
		wantEqual(t, again, redo)
	}
	c := open(t)
	ctx := t.Context()
	for id := media.ID(1); id <= 12; id++ {
		finalize(t, c, unshared(id))
		switch {
		case id <= 4: // waits
		case id <= 6:
			claim(t, c, id, at(20))
		case id <= 9:
			name := media.InvalidMedia
			if id == 8 {
				name = media.InternalError
			}
			publish(t, c, id, claim(t, c, id, at(20)), failed(name), at(30))
		default:
			publish(t, c, id, claim(t, c, id, at(20)), media.Outcome{}, at(30))
		}
	}
	want(t, c, catalog.JobWaiting, nil, 4, 3, 2, 1)
	want(t, c, catalog.JobRunning, nil, 6, 5)
	want(t, c, catalog.JobFailed, nil, 9, 8, 7)
	want(t, c, catalog.JobGivenUp, nil, 8)

	// What is asked for once more waits, whatever it shows; deleted ones are nobody's.
	for _, id := range []media.ID{8, 10, 12} {
		if ok, err := c.Redo(ctx, id, at(39)); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	claim(t, c, 10, at(40))
	for _, id := range []media.ID{3, 5, 9, 12} {
		if ok, err := c.DeleteMedia(ctx, id, at(50)); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	want(t, c, catalog.JobWaiting, []media.ID{8}, 8, 4, 2, 1)
	want(t, c, catalog.JobRunning, []media.ID{10}, 10, 6)
	want(t, c, catalog.JobFailed, []media.ID{8}, 8, 7)
	want(t, c, catalog.JobGivenUp, []media.ID{8}, 8)
	counts, err := c.CountJobs(ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, counts, map[catalog.JobState]int{catalog.JobWaiting: 3, catalog.JobRunning: 2, catalog.JobFailed: 2, catalog.JobGivenUp: 1})
	if _, _, err := c.Jobs(ctx, "idle", 0, 1); err == nil {
		t.Error("a state that there is none of")
	}
}

// testOperator reads each list page by page, with more of the same instant or sum
// than a page has.
func testOperator(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	ctx := t.Context()
	var wantTokens, wantGiven, wantHers []string
	for i := range 7 {
		id := fmt.Sprint(5000 + i)
		token := accessToken(i)
		token.ID, token.CreatedAt, token.Client = "token"+id, at(i/3), []string{"", "app"}[i%2]
		token.User = []string{ann, bob, ann}[i%3]
		account := catalog.Account{ID: id, Username: "name" + id, PasswordHash: "x", CreatedAt: at(i / 3)}
		client := catalog.Client{ID: "client" + id, APIKey: "key" + id, Name: "app " + id, CreatedAt: at(i / 3)}
		for _, err := range []error{c.CreateToken(ctx, token), c.CreateAccount(ctx, account), c.CreateClient(ctx, client), begin(t, c, media.ID(i+1), id, int64(100*(i/3)), 0)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if token.Client == "" {
			wantTokens = append([]string{token.ID}, wantTokens...)
		} else {
			wantGiven = append([]string{token.ID}, wantGiven...)
		}
		if token.Client == "" && token.User == ann {
			wantHers = append([]string{token.ID}, wantHers...)
		}
	}
	tokens := func(user string, given bool) []string {
		return paged(t, func(after catalog.Place) ([]catalog.Token, error) {
			return c.TokensByAge(ctx, catalog.TokenQuery{User: user, Given: given, After: after, Limit: 2})
		}, func(k catalog.Token) string { return k.ID })
	}
	wantEqual(t, tokens("", false), wantTokens)
	wantEqual(t, tokens("", true), wantGiven)
	wantEqual(t, tokens(ann, false), wantHers)
	wantEqual(t, tokens("no", true), nil)

	ids := []string{"5006", "5005", "5004", "5003", "5002", "5001", "5000"}
	wantEqual(t, paged(t, func(after catalog.Place) ([]catalog.Account, error) { return c.AccountsByAge(ctx, after, 2) },
		func(a catalog.Account) string { return a.ID }), ids)
	wantEqual(t, paged(t, func(after catalog.Place) ([]catalog.Client, error) { return c.ClientsByAge(ctx, after, 2) },
		func(k catalog.Client) string { return k.ID[len("client"):] }), ids)
	wantEqual(t, paged(t, func(after catalog.Place) ([]catalog.UserStorage, error) { return c.StorageByUse(ctx, after, 2) },
		func(s catalog.UserStorage) string { return fmt.Sprint(s.Owner, " ", s.Used()) }),
		[]string{"5006 200", "5005 100", "5004 100", "5003 100", "5002 0", "5001 0", "5000 0"})

	names, err := c.Usernames(ctx, []string{"5000", "5006", "77"})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, names, map[string]string{"5000": "name5000", "5006": "name5006"})
	if names, err = c.ClientNames(ctx, []string{"client5001", "no"}); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, names, map[string]string{"client5001": "app 5001"})
	stored, err := c.StorageOf(ctx, []string{"5003", "77"})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, stored, map[string]catalog.Storage{"5003": {Uploads: 100, Quota: catalog.ServersQuota}})

	take(t, c, 3, "finalize", at(1))
	if err := endedAt(t, c, 6); err != nil {
		t.Fatal(err)
	}
	var open7 []media.ID
	for before := media.ID(0); ; {
		page, err := c.UploadsOfAll(ctx, before, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page {
			wantSession(t, c, s)
			open7 = append(open7, s.ID)
		}
		if len(page) < 2 {
			break
		}
		before = page[1].ID
	}
	wantEqual(t, open7, []media.ID{7, 5, 4, 3, 2, 1})
}

// endedAt aborts an upload.
func endedAt(t *testing.T, c *catalog.Catalog, id media.ID) error {
	t.Helper()
	_, err := c.AbortSession(t.Context(), id, server, at(5))
	return err
}

// paged reads a list of pages of two, to its end.
func paged[T interface{ Place() catalog.Place }](t *testing.T, read func(catalog.Place) ([]T, error), name func(T) string) (names []string) {
	t.Helper()
	for after := (catalog.Place{}); ; {
		page, err := read(after)
		if err != nil || len(page) > 2 {
			t.Fatal(len(page), err)
		}
		for _, row := range page {
			names = append(names, name(row))
		}
		if len(page) < 2 {
			if unique := slices.Compact(slices.Sorted(slices.Values(names))); len(unique) != len(names) {
				t.Fatalf("listed twice: %v", names)
			}
			return names
		}
		after = page[1].Place()
	}
}
