package catalogtest

import (
	"sync"
	"testing"
	"time"

	"magpie/internal/catalog"
)

const adminScope = "magpie.admin"

// consoleSession is the session that consent n leads to.
func consoleSession(n int) catalog.ConsoleSession {
	return catalog.ConsoleSession{Hash: hashOf("console", n), User: account(1).ID, Consent: consent(n).ID, CreatedAt: at(n), ExpiresAt: at(n + 500)}
}

// entered enters the console by the code of consent n, which must succeed.
func entered(t *testing.T, c *catalog.Catalog, n int) catalog.ConsoleSession {
	t.Helper()
	outcome, err := c.EnterConsole(t.Context(), code(n).Hash, consoleSession(n), at(n+1))
	wantOutcome(t, "EnterConsole", outcome, err, catalog.Redeemed)
	return consoleSession(n)
}

// issued records token n of a session, with the scope for admins where the account has it.
func issued(t *testing.T, c *catalog.Catalog, n int, s catalog.ConsoleSession, want bool) catalog.Token {
	t.Helper()
	tok := accessToken(n)
	ok, err := c.IssueConsoleToken(t.Context(), s, at(n+600), func(who catalog.Account) catalog.Token {
		tok.Client, tok.Scopes = app(1).ID, []string{"tweet.read"}
		if who.Admin {
			tok.Scopes = append(tok.Scopes, adminScope)
		}
		return tok
	})
	if err != nil || ok != want {
		t.Errorf("IssueConsoleToken = %v, %v, want %v", ok, err, want)
	}
	tok.User, tok.Consent = s.User, s.Consent
	return tok
}

func testConsole(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	begin := func(t *testing.T) *catalog.Catalog {
		c := open(t)
		createUser(t, c, 1)
		createApp(t, c, app(1))
		consented(t, c, 1, app(1).ID)
		return c
	}

	t.Run("a session mints tokens until it ends", func(t *testing.T) {
		c := begin(t)
		s := entered(t, c, 1)
		got, err := c.ConsoleSession(t.Context(), s.Hash)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, s)
		first, second := issued(t, c, 10, s, true), issued(t, c, 11, s, true)
		wantRevoked(t, c, time.Time{}, first, second)
		if got, err = c.ConsoleSession(t.Context(), s.Hash); err != nil || !got.ExpiresAt.Equal(at(611)) {
			t.Errorf("%+v, %v", got, err)
		}
		if all, err := c.Consents(t.Context()); err != nil || !all[0].EndsAt.Equal(at(611)) {
			t.Errorf("%+v, %v", all, err)
		}
		for range 2 {
			if err := c.EndConsoleSession(t.Context(), s.Hash, at(20)); err != nil {
				t.Fatal(err)
			}
		}
		wantRevoked(t, c, at(20), first, second)
		wantConsents(t, c, at(20))
		_, err = c.ConsoleSession(t.Context(), s.Hash)
		wantNotFound(t, "ConsoleSession", err)
		issued(t, c, 12, s, false)
	})

	t.Run("a code enters once", func(t *testing.T) {
		c := begin(t)
		s := entered(t, c, 1)
		tok := issued(t, c, 10, s, true)
		other := consoleSession(1)
		other.Hash = hashOf("console", 2)
		outcome, err := c.EnterConsole(t.Context(), code(1).Hash, other, at(5))
		wantOutcome(t, "EnterConsole again", outcome, err, catalog.Reused)
		wantRevoked(t, c, at(5), tok)
		issued(t, c, 11, s, false)
		_, err = c.ConsoleSession(t.Context(), other.Hash)
		wantNotFound(t, "the second session", err)
		outcome, err = c.EnterConsole(t.Context(), code(2).Hash, other, at(5))
		wantOutcome(t, "EnterConsole with no such code", outcome, err, catalog.Ended)
		bad := other
		bad.Hash = "mgp_secret"
		if _, err := c.EnterConsole(t.Context(), code(1).Hash, bad, at(5)); err == nil {
			t.Error("a secret was stored")
		}
	})

	t.Run("whoever comes back twice at once enters once", func(t *testing.T) {
		c := begin(t)
		consented(t, c, 2, app(1).ID)
		s := entered(t, c, 1)
		tok := issued(t, c, 10, s, true)
		again := s
		for n := 1; n <= 2; n++ { // by the same code, and by that of a second click
			again.Consent = consent(n).ID
			outcome, err := c.EnterConsole(t.Context(), code(n).Hash, again, at(5))
			wantOutcome(t, "EnterConsole again", outcome, err, catalog.Redeemed)
		}
		wantRevoked(t, c, time.Time{}, tok)
		if got, err := c.ConsoleSession(t.Context(), s.Hash); err != nil || got.Consent != s.Consent {
			t.Errorf("%+v, %v", got, err)
		}
		issued(t, c, 11, s, true)
	})

	t.Run("a code that has expired enters nowhere", func(t *testing.T) {
		c := begin(t)
		outcome, err := c.EnterConsole(t.Context(), code(1).Hash, consoleSession(1), at(31))
		wantOutcome(t, "EnterConsole", outcome, err, catalog.Ended)
		_, err = c.ConsoleSession(t.Context(), consoleSession(1).Hash)
		wantNotFound(t, "ConsoleSession", err)
	})

	t.Run("a revoked consent or client mints nothing", func(t *testing.T) {
		c := begin(t)
		s := entered(t, c, 1)
		if _, err := c.RevokeClient(t.Context(), app(1).ID, at(9)); err != nil {
			t.Fatal(err)
		}
		issued(t, c, 10, s, false)
	})

	t.Run("a new password, and erasing, end sessions", func(t *testing.T) {
		for name, end := range map[string]func(*catalog.Catalog) error{
			"password": func(c *catalog.Catalog) error { return c.SetPassword(t.Context(), account(1).ID, "new", at(30)) },
			"erase":    func(c *catalog.Catalog) error { _, err := c.EraseUser(t.Context(), account(1).ID, at(30)); return err },
		} {
			c := begin(t)
			consented(t, c, 2, app(1).ID)
			s := entered(t, c, 1)
			tok := issued(t, c, 10, s, true)
			if err := end(c); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if outcome, err := c.EnterConsole(t.Context(), code(2).Hash, consoleSession(2), at(31)); err != nil || outcome != catalog.Ended {
				t.Errorf("%s: a code from before enters: %q, %v", name, outcome, err)
			}
			wantRevoked(t, c, at(30), tok)
			_, err := c.ConsoleSession(t.Context(), s.Hash)
			wantNotFound(t, name, err)
			issued(t, c, 11, s, false)
		}
	})

	t.Run("one of several renews what an issuer gave", func(t *testing.T) {
		c := begin(t)
		s := consoleSession(1)
		s.Consent, s.Issued = "", "sealed"
		if err := c.CreateConsoleSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		wantConflict(t, "CreateConsoleSession", c.CreateConsoleSession(t.Context(), s))
		claim := func(serial int64, now, until int, want bool) {
			t.Helper()
			if ok, err := c.ClaimConsoleRenewal(t.Context(), s.Hash, serial, at(now), at(until)); err != nil || ok != want {
				t.Fatalf("claim %d: %v, %v", serial, ok, err)
			}
		}
		claim(0, 10, 20, true)
		claim(0, 11, 21, false)
		claim(0, 20, 30, true) // who had it died
		if err := c.DropConsoleRenewal(t.Context(), s.Hash, 0); err != nil {
			t.Fatal(err)
		}
		claim(0, 21, 31, true)
		ok, err := c.RenewConsoleSession(t.Context(), s.Hash, 0, "newer", at(700))
		want(t, "RenewConsoleSession", ok, err, true)
		ok, err = c.RenewConsoleSession(t.Context(), s.Hash, 0, "older", at(800))
		want(t, "RenewConsoleSession of what is no more", ok, err, false)
		claim(0, 40, 50, false)
		claim(1, 40, 50, true)
		got, err := c.ConsoleSession(t.Context(), s.Hash)
		if err != nil || got.Issued != "newer" || got.Serial != 1 || !got.ExpiresAt.Equal(at(700)) {
			t.Errorf("%+v, %v", got, err)
		}
		if n, err := c.PruneGrants(t.Context(), at(701), 10); err != nil || n != 2 { // and the consent
			t.Errorf("pruned %d, %v", n, err)
		}
		_, err = c.ConsoleSession(t.Context(), s.Hash)
		wantNotFound(t, "ConsoleSession", err)
	})

	t.Run("a client that is part of the server", func(t *testing.T) {
		c := open(t)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { errs[i] = c.KeepClient(t.Context(), app(1)) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := c.RevokeClient(t.Context(), app(1).ID, at(9)); err != nil {
			t.Fatal(err)
		}
		if err := c.KeepClient(t.Context(), app(1)); err != nil {
			t.Fatal(err)
		}
		got, err := c.Client(t.Context(), app(1).ID)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, app(1))
	})

	t.Run("what only an admin may give", func(t *testing.T) {
		c := begin(t)
		asked := withClient(consent(2), app(1).ID)
		asked.Scopes = []string{"tweet.read", adminScope}
		ok, err := c.CreateConsent(t.Context(), asked, code(2), true)
		want(t, "CreateConsent by another", ok, err, false)
		mark := func(admin bool, now int, want int64) {
			t.Helper()
			if n, err := c.SetAdmin(t.Context(), account(1).ID, admin, adminScope, at(now)); err != nil || n != want {
				t.Fatalf("SetAdmin %v: %d, %v, want %d", admin, n, err, want)
			}
		}
		mark(true, 3, 0)
		if got, err := c.Account(t.Context(), account(1).ID); err != nil || !got.Admin {
			t.Errorf("%+v, %v", got, err)
		}
		ok, err = c.CreateConsent(t.Context(), asked, code(2), true)
		want(t, "CreateConsent by an admin", ok, err, true)
		redeemed(t, c, 2)
		s := entered(t, c, 1)
		high := issued(t, c, 10, s, true)
		byHand, low := accessToken(20), accessToken(21)
		byHand.User, low.User = account(1).ID, account(1).ID
		byHand.Scopes = []string{adminScope}
		other := accessToken(22)
		other.Scopes = []string{adminScope}
		for _, tok := range []catalog.Token{byHand, low, other} {
			if err := c.CreateToken(t.Context(), tok); err != nil {
				t.Fatal(err)
			}
		}
		mark(false, 30, 3)
		wantRevoked(t, c, at(30), high, byHand, given(2))
		wantRevoked(t, c, time.Time{}, low, other)
		wantConsents(t, c, time.Time{}, at(30))
		if got := issued(t, c, 11, s, true); len(got.Scopes) != 1 { // the session stays, without the scope
			t.Errorf("%+v", got)
		}
		_, err = c.SetAdmin(t.Context(), "404", true, adminScope, at(1))
		wantNotFound(t, "SetAdmin", err)
	})

	t.Run("no token of an admin outlives the mark", func(t *testing.T) {
		c := begin(t)
		s := entered(t, c, 1)
		if _, err := c.SetAdmin(t.Context(), account(1).ID, true, adminScope, at(2)); err != nil {
			t.Fatal(err)
		}
		tokens := make([]catalog.Token, 12)
		var wg sync.WaitGroup
		for i := range tokens {
			wg.Go(func() { tokens[i] = issued(t, c, 30+i, s, true) })
		}
		wg.Go(func() {
			if _, err := c.SetAdmin(t.Context(), account(1).ID, false, adminScope, at(9)); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		for _, tok := range tokens {
			if got, err := c.TokenByHash(t.Context(), tok.Hash); err != nil || got.RevokedAt.IsZero() == (len(got.Scopes) == 2) {
				t.Errorf("%+v, %v", got, err)
			}
		}
	})
}
