package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

const admin = "/magpie/v1/admin/"

// TestConsoleOperator has an operator look after the server in a browser: what she
// sees is so, what she revokes is worth nothing any more, and what she has processed
// again is.
func TestConsoleOperator(t *testing.T) {
	t.Parallel()
	const s3Secret = "an-s3-secret-0123456789"
	s := prepare(t, "--faults", "--drain", "3s")
	s.env = append(s.env, "AWS_SECRET_ACCESS_KEY="+s3Secret, "MAGPIE_LOG_LEVEL=debug")
	s.run()
	ann, bob := s.newUser("ann", "--admin"), s.newUser("bob")
	s.do("user", "quota", bob, "1MiB")
	laptop := s.token(bob, "--label", "laptop")
	c := s.client().as(laptop)
	file := sampleVideo(t, "64x64", "1")
	upload := func(fault string) string {
		id := c.initialize("video/mp4", "tweet_video", len(file))
		c.append(id, 0, file).data()
		c.call("POST", "/2/media/upload/"+id+"/finalize", nil, faultHeader, fault).data()
		return id
	}
	running, failed := upload("processing-time=5m"), upload("processing=InternalError:the disk went away")
	c.await(failed)
	c.watched(running)
	session := c.initialize("video/mp4", "tweet_video", 100_000)
	c.append(session, 0, file[:1000]).data()
	for range 25 { // which take the first page
		c.initialize("image/png", "tweet_image", 1)
	}
	var app registered
	made := s.do("client", "create", "Newsroom", "--json", "--owner", bob, "--redirect-uri", "https://app.example/cb")
	if err := json.Unmarshal([]byte(made), &app); err != nil {
		t.Fatalf("%v: %s", err, made)
	}
	appToken := func() answer {
		return s.post("/oauth2/token", "grant_type=client_credentials", "Authorization", basic(app.Key, app.KeySecret))
	}
	if a := appToken(); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}

	paths := [][]string{
		{"GET", admin + "jobs"},
		{"POST", admin + "jobs/" + failed + "/requeue"},
		{"GET", admin + "storage"},
		{"GET", admin + "engines"},
		{"GET", admin + "uploads"},
		{"GET", admin + "settings"},
		{"GET", admin + "tokens"},
		{"DELETE", admin + "tokens/x"},
		{"GET", admin + "clients"},
		{"DELETE", admin + "clients/" + app.ID},
		{"GET", admin + "users"},
	}
	var saw struct {
		BobsPages   []string
		BobsTabs    int
		BobsAnswers []struct {
			Status int
			Words  string
		}
		Running, Failed, Told, FocusAfter, Session, Settings, Drain string
		FocusStays, FocusBack                                       bool
		Storage, Engines, Users, Wide, Missing                      []string
		Console, BobsTokens, Uploads, UploadsLater                  int
		Findings                                                    map[string][]string
		Titles                                                      map[string]string
		Complaints                                                  []string
	}
	s.browse("operator", map[string]any{
		"running": running, "failed": failed, "session": session, "bob": bob, "app": app.ID, "paths": paths, "shots": os.Getenv("MAGPIE_SHOTS"),
	}, &saw)

	// Who is no operator.
	if slices.Contains(saw.BobsPages, "Operation") || saw.BobsTabs != 0 || len(saw.BobsAnswers) != len(paths) {
		t.Errorf("bob sees %q, %d tabs, %d answers", saw.BobsPages, saw.BobsTabs, len(saw.BobsAnswers))
	}
	for i, a := range saw.BobsAnswers {
		if a.Status != http.StatusForbidden || a.Words != "The token lacks the scope magpie.admin, which this endpoint needs." {
			t.Errorf("%v: %+v", paths[i], a)
		}
		s.client().as(laptop).call(paths[i][0], paths[i][1], nil).refused(401, "revoked") // by now
	}

	// The jobs.
	wantIn := func(what, text string, pieces ...string) {
		t.Helper()
		for _, piece := range pieces {
			if !strings.Contains(text, piece) {
				t.Errorf("%s: %q, want %q in it", what, text, piece)
			}
		}
	}
	wantIn("a job that runs", saw.Running, running, "bob", "%", "video/mp4")
	wantIn("a job that was given up", saw.Failed, failed, "bob", "through no fault of the file", "the disk went away")
	wantIn("what is told", saw.Told, failed+" will be processed again.")
	if !saw.FocusStays || !saw.FocusBack || saw.FocusAfter == "BODY" {
		t.Errorf("the focus stays %v, comes back %v, and is then on %s", saw.FocusStays, saw.FocusBack, saw.FocusAfter)
	}
	if info := s.client().as(s.token(bob)).await(failed); info["state"] != "succeeded" {
		t.Errorf("what was processed again: %v", info)
	}

	// What there is.
	wantIn("the upload", saw.Session, session, "bob", "1,000 B", "97.7 KiB", "1%")
	if saw.Uploads != 27 || saw.UploadsLater != 27 { // with the head
		t.Errorf("%d rows of uploads, and %d once they were read again", saw.Uploads, saw.UploadsLater)
	}
	if len(saw.Storage) != 2 { // the head, and bob
		t.Fatalf("storage: %q", saw.Storage)
	}
	wantIn("storage", saw.Storage[len(saw.Storage)-1], "bob", bob, "1 MiB", "their own")
	if len(saw.Engines) != 5 {
		t.Errorf("engines: %q", saw.Engines)
	}
	wantIn("engines", strings.Join(saw.Engines, "\n"), "Database", "magpie.db", "Bytes of media", "Job queue", "inside this process", "ffmpeg", "things are as they should be", "Machine", "answers in")
	wantIn("settings", saw.Settings, "log-level", "debug", "MAGPIE_LOG_LEVEL", "faults", "Command line", s.data)
	wantIn("a setting", saw.Drain, "3s", "Command line")
	for _, hidden := range []string{s3Secret, secret, password} {
		if a := s.client().call("GET", admin+"settings", nil); strings.Contains(saw.Settings+string(a.body), hidden) || a.status != http.StatusOK {
			t.Errorf("the settings tell %q, %d", hidden, a.status)
		}
	}
	wantIn("users", strings.Join(saw.Users, "\n"), ann, "Operator", bob)

	// What was revoked.
	if saw.Console != 0 || saw.BobsTokens != 2 { // the head, and the laptop
		t.Errorf("the console's own client has %d buttons, and bob %d rows of tokens", saw.Console, saw.BobsTokens)
	}
	if c.mayUpload(laptop) {
		t.Error("a token that was revoked uploads")
	}
	if a := appToken(); a.status != http.StatusForbidden && a.status != http.StatusUnauthorized {
		t.Errorf("a client that was revoked: %d %s", a.status, a.body)
	}
	for _, route := range []string{`POST /magpie/v1/admin/jobs/{id}/requeue`, `DELETE /magpie/v1/admin/tokens/{id}`, `DELETE /magpie/v1/admin/clients/{id}`} {
		eventually(t, func() string { // the answer was there first
			if line := s.log.tail(1 << 20); !strings.Contains(line, `msg=audit`) || !strings.Contains(line, `route="`+route+`"`) {
				return "the log has no line for " + route
			}
			return ""
		})
	}

	for at, found := range saw.Findings {
		if len(found) > 0 {
			t.Errorf("%s: %q", at, found)
		}
	}
	complaints := slices.DeleteFunc(saw.Complaints, func(c string) bool { return strings.Contains(c, "Failed to load resource") }) // what is refused on purpose
	if len(saw.Missing) > 0 {
		t.Errorf("not there: %q", saw.Missing)
	}
	if len(saw.Findings) != 15 || len(saw.Wide) > 0 || len(complaints) > 0 {
		t.Errorf("%d looks at it, wider than a phone: %q, complaints: %q", len(saw.Findings), saw.Wide, complaints)
	}
	for part, title := range map[string]string{"jobs": "処理中のメディア", "uploads": "アップロード中", "storage": "ストレージ", "engines": "稼働状況", "settings": "設定", "access": "アクセストークン"} {
		if saw.Titles[part] != title {
			t.Errorf("%s is called %q", part, saw.Titles[part])
		}
	}
}
