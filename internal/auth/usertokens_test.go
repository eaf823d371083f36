package auth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func TestUserTokens(t *testing.T) {
	s := newSigning(t)
	if !strings.HasPrefix(s.token, "2244994945-") || !strings.HasPrefix(s.secret, "mgp_") || len(s.secret) != 47 {
		t.Errorf("token %q, secret %q", s.token, s.secret)
	}
	list, err := s.users.List(t.Context(), s.client.Client.ID)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	want := catalog.UserToken{Token: s.token, Secret: list[0].Secret, Client: s.client.Client.ID, User: "2244994945", CreatedAt: list[0].CreatedAt}
	if diff := cmp.Diff(want, list[0]); diff != "" || strings.Contains(list[0].Secret, s.secret) {
		t.Errorf("-want +got:\n%s", diff)
	}
	if revoked, err := s.users.Revoke(t.Context(), s.token); !revoked || err != nil {
		t.Errorf("revoke: %v, %v", revoked, err)
	}
	s.refuses("revoked", s.signed("GET", nil, nil).arrive(t.Context(), "h"), media.CodeUnauthorized, "was revoked")
	if revoked, err := s.users.Revoke(t.Context(), s.token); revoked || err != nil {
		t.Errorf("revoke again: %v, %v", revoked, err)
	}
	if _, err := s.users.Revoke(t.Context(), "x"); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("revoke an unknown one: %v", err)
	}
}

func TestUserTokensGoWithTheirClient(t *testing.T) {
	s := newSigning(t)
	s.passes("before", s.signed("GET", nil, nil).arrive(t.Context(), "h"), "")
	if _, err := s.catalog.RevokeClient(t.Context(), s.client.Client.ID, s.clock); err != nil {
		t.Fatal(err)
	}
	s.refuses("after", s.signed("GET", nil, nil).arrive(t.Context(), "h"), media.CodeSignature, "was revoked")
	if _, _, err := s.users.Issue(t.Context(), s.client.Client.ID, "1"); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("another token: %v", err)
	}
}

func TestUserTokensRefuse(t *testing.T) {
	s := newSigning(t)
	for user, client := range map[string]string{"1": "unknown", "jack": s.client.Client.ID, "": s.client.Client.ID} {
		token, secret, err := s.users.Issue(t.Context(), client, user)
		if code := media.CodeOf(err); code != media.CodeNotFound && code != media.CodeInvalid || token != "" || secret != "" {
			t.Errorf("%q for %q: %q %q, %v", user, client, token, secret, err)
		}
	}
	s.users.random = io.LimitReader(s.random, 55)
	if _, _, err := s.users.Issue(t.Context(), s.client.Client.ID, "1"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without randomness: %v", err)
	}

	// Under another key file no secret can be read; that is no fault of the client's.
	other, err := OpenKeys(filepath.Join(t.TempDir(), "key"), s.random)
	if err != nil {
		t.Fatal(err)
	}
	s.users.keys = other
	if _, _, err := s.users.Issue(t.Context(), s.client.Client.ID, "1"); err == nil || !strings.Contains(err.Error(), "another key file") {
		t.Errorf("a token under another key file: %v", err)
	}
	s.refuses("another key file", s.signed("GET", nil, nil).arrive(t.Context(), "h"), media.CodeInternal, "another key file")
	ctx, gone := context.WithCancel(t.Context())
	gone()
	s.refuses("a catalogue that can't be asked", s.signed("GET", nil, nil).arrive(ctx, "h"), media.CodeInternal, "look the consumer key up")
}

func TestUserTokensAreSealed(t *testing.T) {
	s := newSigning(t)
	files, err := filepath.Glob(filepath.Join(s.folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	kept := false
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		kept = kept || bytes.Contains(data, []byte(s.token))
		if bytes.Contains(data, []byte(s.secret)) || bytes.Contains(data, []byte(s.client.KeySecret)) {
			t.Errorf("%s holds a secret", f)
		}
	}
	if !kept {
		t.Error("not even the token is there: the test looks in the wrong place")
	}
}
