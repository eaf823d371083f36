package media

import "testing"

func TestSessionUsableBy(t *testing.T) {
	s := Session{Owner: "1", AdditionalOwners: []string{"2", "3"}, Shared: true}
	for user, want := range map[string]bool{"1": true, "2": true, "3": true, "4": false, "": false, "01": false} {
		if got := s.UsableBy(user); got != want {
			t.Errorf("usable by %q: %t", user, got)
		}
	}
	// Nobody is not the owner of a session without one.
	if (Session{AdditionalOwners: []string{""}}).UsableBy("") {
		t.Error("usable by nobody")
	}
}
