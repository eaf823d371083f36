package ownapi

import "testing"

// Who stores most comes first, and a quota is told to be one's own or the server's.
func TestAdminStorage(t *testing.T) {
	s := newServer(t)
	s.account(owner, "ann")
	s.upload(subtitles)
	for user, quota := range map[string]int64{stranger: 500, friend: 0, "8": 7} {
		if err := s.catalog.SetQuota(t.Context(), user, quota); err != nil {
			t.Fatal(err)
		}
	}
	rows := pages[adminStorageItem](s, "storage?")
	if got := ids(rows, func(u adminStorageItem) string { return u.ID }); got != "["+owner+" 8 7 12]" {
		t.Errorf("%s", got)
	}
	ann, eight, friend := rows[0], rows[1], rows[3]
	if ann.Username != "ann" || ann.Used != int64(len(subtitles)) || ann.Media != 1 || ann.Quota != nil || ann.OwnQuota {
		t.Errorf("%+v", ann)
	}
	if eight.Quota == nil || *eight.Quota != 7 || !eight.OwnQuota || friend.Quota != nil || !friend.OwnQuota {
		t.Errorf("%+v %+v", eight, friend)
	}
}
