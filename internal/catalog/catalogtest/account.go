package catalogtest

import (
	"fmt"
	"testing"
	"time"

	"magpie/internal/catalog"
)

func account(n int) catalog.Account {
	return catalog.Account{
		ID: fmt.Sprint(100 + n), Username: fmt.Sprint("user", n), PasswordHash: fmt.Sprint("$argon2id$", n), CreatedAt: at(n),
	}
}

func createUser(t *testing.T, c *catalog.Catalog, n int) catalog.Account {
	t.Helper()
	if err := c.CreateAccount(t.Context(), account(n)); err != nil {
		t.Fatal(err)
	}
	return account(n)
}

func testAccount(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("comes back as stored", func(t *testing.T) {
		c := open(t)
		none, err := c.Accounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, none, []catalog.Account{})
		createUser(t, c, 2)
		createUser(t, c, 1)
		for n := 1; n <= 2; n++ {
			got, err := c.Account(t.Context(), account(n).ID)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, account(n))
			if got, err = c.AccountByName(t.Context(), account(n).Username); err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, account(n))
		}
		all, err := c.Accounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, all, []catalog.Account{account(1), account(2)})
		_, err = c.Account(t.Context(), account(1).Username)
		wantNotFound(t, "Account", err)
		_, err = c.AccountByName(t.Context(), account(1).ID)
		wantNotFound(t, "AccountByName", err)
	})

	t.Run("conflicts", func(t *testing.T) {
		c := open(t)
		createUser(t, c, 1)
		sameID, sameName := account(2), account(2)
		sameID.ID, sameName.Username = account(1).ID, account(1).Username
		wantConflict(t, "same id", c.CreateAccount(t.Context(), sameID))
		wantConflict(t, "same name", c.CreateAccount(t.Context(), sameName))
	})

	t.Run("a new password ends sign-ins", func(t *testing.T) {
		c := open(t)
		createUser(t, c, 1)
		createUser(t, c, 2)
		signedIn(t, c, 1, account(1))
		signedIn(t, c, 2, account(2))
		if err := c.SetPassword(t.Context(), account(1).ID, "new", at(40)); err != nil {
			t.Fatal(err)
		}
		_, _, err := c.SignIn(t.Context(), signIn(1, account(1)).Hash)
		wantNotFound(t, "SignIn", err)
		if _, _, err := c.SignIn(t.Context(), signIn(2, account(2)).Hash); err != nil {
			t.Error(err)
		}
		got, err := c.Account(t.Context(), account(1).ID)
		if err != nil || got.PasswordHash != "new" {
			t.Errorf("%+v, %v", got, err)
		}
		wantNotFound(t, "SetPassword", c.SetPassword(t.Context(), "404", "new", at(40)))
	})

	t.Run("erasing ends all that acts in the user's name", func(t *testing.T) {
		c := open(t)
		createUser(t, c, 1)
		createUser(t, c, 2)
		owned, other := app(1), app(2)
		owned.Owner, other.Owner = account(1).ID, account(2).ID
		createApp(t, c, owned)
		createApp(t, c, other)
		signedIn(t, c, 1, account(1))
		signedIn(t, c, 2, account(2))
		mine := accessToken(90)
		mine.User = account(1).ID
		theirs := accessToken(91)
		for _, tok := range []catalog.Token{mine, theirs} {
			if err := c.CreateToken(t.Context(), tok); err != nil {
				t.Fatal(err)
			}
		}
		consented(t, c, 1, other.ID) // user 1 lets the other client act
		redeemed(t, c, 1)
		consentedBy(t, c, 2, owned.ID, account(2).ID) // user 2 lets user 1's client act
		redeemed(t, c, 2)
		consentedBy(t, c, 3, other.ID, account(2).ID) // nothing to do with user 1
		redeemed(t, c, 3)
		keepAppToken(t, c, 11, owned)
		keepAppToken(t, c, 12, other)

		got, err := c.EraseUser(t.Context(), account(1).ID, at(50))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, catalog.Erased{Accounts: 1, SignIns: 1, Consents: 2, Tokens: 4, Clients: 1})
		wantRevoked(t, c, at(50), mine, toClient(given(1), other.ID), ofUser(given(2), account(2).ID), appToken(11, owned))
		wantRevoked(t, c, time.Time{}, theirs, toClient(ofUser(given(3), account(2).ID), other.ID), appToken(12, other))
		wantConsents(t, c, at(50), at(50), time.Time{})
		_, err = c.Account(t.Context(), account(1).ID)
		wantNotFound(t, "Account", err)
		_, _, err = c.SignIn(t.Context(), signIn(1, account(1)).Hash)
		wantNotFound(t, "SignIn", err)
		if client, err := c.Client(t.Context(), owned.ID); err != nil || !client.RevokedAt.Equal(at(50)) {
			t.Errorf("%+v, %v", client, err)
		}
		ok, err := c.CreateConsent(t.Context(), withClient(consent(4), other.ID), code(4), false)
		want(t, "CreateConsent of the erased", ok, err, false)

		again, err := c.EraseUser(t.Context(), account(1).ID, at(60))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, again, catalog.Erased{})
	})

	t.Run("erasing a user without an account", func(t *testing.T) {
		c := open(t)
		tok := accessToken(1)
		if err := c.CreateToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		got, err := c.EraseUser(t.Context(), tok.User, at(50))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, catalog.Erased{Tokens: 1})
		wantRevoked(t, c, at(50), tok)
	})
}
