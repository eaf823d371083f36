package auth

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"magpie/internal/media"
)

// accounts are Accounts over the desk's catalogue and clock.
func (d *desk) accounts() *Accounts {
	return NewAccounts(d.catalog, func() time.Time { return d.clock }, chacha(3))
}

func TestAccountCreate(t *testing.T) {
	d := newDesk(t)
	a := d.accounts()
	random, err := a.Create(t.Context(), "Ann.B", "", "correct horse", false)
	if err != nil || random.Username != "ann.b" || len(random.ID) < 15 {
		t.Fatalf("%+v, %v", random, err)
	}
	named, err := a.Create(t.Context(), "bob@example.com", "2244994945", "correct horse", false)
	if err != nil || named.ID != "2244994945" || named.PasswordHash == random.PasswordHash {
		t.Fatalf("%+v, %v", named, err)
	}
	for _, who := range []string{"ANN.b", random.ID} {
		if got, err := a.Find(t.Context(), who); err != nil || got != random {
			t.Errorf("%s: %+v, %v", who, got, err)
		}
	}
	for _, row := range []struct{ name, id, password, field, words string }{
		{"", "", "correct horse", "username", "1 to 64"},
		{"two words", "", "correct horse", "username", "1 to 64"},
		{"-flag", "", "correct horse", "username", "1 to 64"},
		{strings.Repeat("x", 65), "", "correct horse", "username", "1 to 64"},
		{"ünal", "", "correct horse", "username", "1 to 64"},
		{"2244994945", "", "correct horse", "username", "number"},
		{"carl", "nobody", "correct horse", "user", "1 to 19 digits"},
		{"carl", "", "short", "password", "fewer"},
		{"ann.B", "", "correct horse", "username", "already"},
		{"carl", "2244994945", "correct horse", "username", "already"},
	} {
		var e *media.Error
		if _, err := a.Create(t.Context(), row.name, row.id, row.password, false); !errors.As(err, &e) || e.Code != media.CodeInvalid || e.Field != row.field || !strings.Contains(e.Detail, row.words) {
			t.Errorf("%q %q %q: %v", row.name, row.id, row.password, err)
		}
	}
	if _, err := a.Find(t.Context(), "carl"); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("carl: %v", err)
	}
}

func TestSignIn(t *testing.T) {
	d := newDesk(t)
	a := d.accounts()
	ann, err := a.Create(t.Context(), "ann", "", "correct horse", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, try := range [][2]string{{"ann", "wrong horse"}, {"ann", ""}, {"bob", "correct horse"}, {"", ""}, {ann.ID, "correct horse"}, {"ann", strings.Repeat("x", 5000)}, {strings.Repeat("x", 5000), "x"}} {
		secret, who, err := a.SignIn(t.Context(), try[0], try[1])
		if media.CodeOf(err) != media.CodeUnauthorized || err.Error() != "The username or the password is wrong." || secret != "" || who.ID != "" {
			t.Errorf("%.20q: %q, %+v, %v", try, secret, who, err)
		}
	}
	first, who, err := a.SignIn(t.Context(), "Ann", "correct horse")
	if err != nil || who != ann {
		t.Fatalf("%+v, %v", who, err)
	}
	second, _, err := a.SignIn(t.Context(), "ann", "correct horse")
	if err != nil || second == first {
		t.Fatal(err)
	}
	signedIn := func(secret string, want bool) {
		t.Helper()
		who, err := a.SignedIn(t.Context(), secret)
		if want && (err != nil || who.ID != ann.ID) || !want && (media.CodeOf(err) != media.CodeUnauthorized || who.ID != "") {
			t.Errorf("%+v, %v, want %v", who, err, want)
		}
	}
	signedIn(first, true)
	signedIn("", false)
	signedIn(hash(first), false)
	for range 2 {
		if err := a.SignOut(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	}
	signedIn(first, false)
	d.clock = d.clock.Add(SignInLifetime - time.Millisecond)
	signedIn(second, true)
	d.clock = d.clock.Add(time.Millisecond)
	signedIn(second, false)

	third, _, err := a.SignIn(t.Context(), "ann", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SetPassword(t.Context(), ann.ID, "battery staple"); err != nil {
		t.Fatal(err)
	}
	signedIn(third, false)
	if _, _, err := a.SignIn(t.Context(), "ann", "correct horse"); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("the old password: %v", err)
	}
	if _, _, err := a.SignIn(t.Context(), "ann", "battery staple"); err != nil {
		t.Error(err)
	}
	if err := a.SetPassword(t.Context(), ann.ID, "short"); media.CodeOf(err) != media.CodeInvalid {
		t.Errorf("a short one: %v", err)
	}
	if err := a.SetPassword(t.Context(), "404", "battery staple"); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("nobody's: %v", err)
	}
}

func TestAccountsWithoutRandomness(t *testing.T) {
	d := newDesk(t)
	if _, err := d.accounts().Create(t.Context(), "ann", "5", "correct horse", false); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int64{0, 3, 31} {
		short := io.MultiReader(io.LimitReader(chacha(4), n), iotest.ErrReader(errors.New("no entropy")))
		a := NewAccounts(d.catalog, func() time.Time { return d.clock }, short)
		if secret, _, err := a.SignIn(t.Context(), "ann", "correct horse"); err == nil || secret != "" {
			t.Errorf("of %d bytes it made %q", n, secret)
		}
	}
	dry := NewAccounts(d.catalog, func() time.Time { return d.clock }, iotest.ErrReader(errors.New("no entropy")))
	if _, err := dry.Create(t.Context(), "bob", "", "correct horse", false); err == nil {
		t.Error("an id of nothing")
	}
	if _, err := dry.NewVisit(); err == nil {
		t.Error("a visit of nothing")
	}
}
