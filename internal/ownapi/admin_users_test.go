package ownapi

import (
	"testing"

	"magpie/internal/auth"
)

func TestAdminUsers(t *testing.T) {
	s := newServer(t)
	s.account("5", "eve")
	s.account(owner, "ann")
	s.account("3", "bob")
	s.upload(subtitles)
	if err := s.catalog.SetQuota(t.Context(), "3", 500); err != nil {
		t.Fatal(err)
	}
	rows := pages[adminAccount](s, "users?")
	if got := ids(rows, func(u adminAccount) string { return u.Username }); got != "[eve bob ann]" { // of one instant, by their ids
		t.Fatalf("%s", got)
	}
	if _, err := s.catalog.SetAdmin(t.Context(), "3", true, auth.Admin, s.clock); err != nil {
		t.Fatal(err)
	}
	rows = pages[adminAccount](s, "users?")
	if rows[0].Admin || !rows[1].Admin {
		t.Errorf("%+v", rows)
	}
	eve, bob, ann := rows[0], rows[1], rows[2]
	if eve.Used != 0 || eve.Quota != nil || eve.OwnQuota || bob.Quota == nil || *bob.Quota != 500 || !bob.OwnQuota || ann.Used != int64(len(subtitles)) {
		t.Errorf("%+v", rows)
	}
}
