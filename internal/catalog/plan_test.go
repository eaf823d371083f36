package catalog

import (
	"context"
	"database/sql"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// planner explains every statement before it runs.
type planner struct {
	queries.DBTX
	t     *testing.T
	plans map[string][]string // name of the query or its FROM → steps
}

var queryName = regexp.MustCompile(`(?s)^-- name: (\w+)|FROM (.+) IN \(`)

func (p planner) explain(ctx context.Context, query string, args []any) {
	rows, err := p.DBTX.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		p.t.Errorf("explain %s: %v", query, err)
		return
	}
	defer rows.Close()
	found := queryName.FindStringSubmatch(query)
	if found == nil {
		p.t.Errorf("a statement without a name: %s", query)
		return
	}
	name := found[1] + found[2]
	p.plans[name] = []string{}
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			p.t.Error(err)
			return
		}
		p.plans[name] = append(p.plans[name], step)
	}
	if err := rows.Err(); err != nil {
		p.t.Error(err)
	}
}

func (p planner) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	p.explain(ctx, query, args)
	return p.DBTX.ExecContext(ctx, query, args...)
}

func (p planner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	p.explain(ctx, query, args)
	return p.DBTX.QueryContext(ctx, query, args...)
}

func (p planner) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	p.explain(ctx, query, args)
	return p.DBTX.QueryRowContext(ctx, query, args...)
}

// TestPlans runs every statement of the catalogue and looks at how SQLite finds
// the rows.
func TestPlans(t *testing.T) {
	c := openTest(t)
	plans := map[string][]string{}
	bind := bindSQLite(nil, nil)
	c.bind = func(db queries.DBTX) queries.DBTX { return planner{bind(db), t, plans} }
	c.group.bind = c.bind
	runAll(t, c)

	var all []string
	for name, steps := range plans {
		for _, step := range steps {
			// These lists are the operator's and read it all; the first token asks whether there is any.
			lists := slices.Contains([]string{"ListTokens", "ListClients", "ListAccounts", "ListConsents"}, name)
			// These read an index that holds only what they ask for.
			due := strings.HasSuffix(step, "INDEX webhook_active") || strings.HasSuffix(step, "INDEX webhook_delivery_due")
			if strings.HasPrefix(step, "SCAN") && step != "SCAN CONSTANT ROW" && !lists && !due && name != "InsertFirstToken" {
				t.Errorf("%s reads a whole table: %q", name, steps)
			}
			// Days are sums of hours, and are put in order as such.
			sums := strings.HasPrefix(name, "playback_hour") || slices.Contains([]string{"ListOwnerSteps", "TopPlayback", "TopTotals", "MendPlaybackOwners"}, name)
			if strings.Contains(step, "TEMP B-TREE") && !strings.Contains(name, "rendition") && !lists && !sums {
				t.Errorf("%s sorts: %q", name, steps)
			}
		}
		all = append(all, name)
	}
	if len(all) < 30 {
		slices.Sort(all)
		t.Errorf("only %d statements were seen: %v", len(all), all)
	}
	for name, index := range map[string]string{
		"GetRenditionBySlug": "SEARCH m USING INDEX sqlite_autoindex_media_1 (slug=?)|" +
			"SEARCH r USING PRIMARY KEY (media_id=? AND attempt=? AND name=?)",
		"GetSubtitleBySlug": "SEARCH m USING INDEX sqlite_autoindex_media_1 (slug=?)|" +
			"SEARCH s USING PRIMARY KEY (media_id=? AND language=?)",
		"GetSession":          "SEARCH session USING INTEGER PRIMARY KEY (rowid=?)",
		"ExpireSessions":      "SEARCH s USING INDEX session_unfinished (expires_at<?)",
		"PruneExpired":        "USING COVERING INDEX session_expired (ended_at<?)",
		"PruneGone":           "USING COVERING INDEX media_gone (gone_at>? AND gone_at<?)",
		"ExpiringMedia":       "USING COVERING INDEX media_retention (expires_at>? AND expires_at<?)",
		"StalledPending":      "USING COVERING INDEX media_unfinished (state=? AND touched_at<?)",
		"StalledInProgress":   "USING COVERING INDEX media_unfinished (state=? AND touched_at<?)",
		"KeptOfGone":          "USING COVERING INDEX media_gone (gone_at>? AND gone_at<?)",
		"LibraryAll":          "USING INDEX media_library (owner=? AND id<?)",
		"LibraryCategory":     "USING INDEX media_category (owner=? AND category=? AND id<?)",
		"LibraryState":        "USING INDEX media_state (owner=? AND state=? AND id<?)",
		"LibraryDeleted":      "USING INDEX media_deleted (owner=? AND id<?)",
		"LibrarySource":       "USING INDEX search_source (owner=? AND source=? AND media_id<?)",
		"LibraryWords":        "USING INDEX search_words (owner=? AND media_id<?)",
		"OpenUploads":         "USING INDEX session_owner (owner=? AND id<?)",
		"UsesInMetadata":      "USING COVERING INDEX mention_named (named_id=?)",
		"UsesAsSubtitles":     "USING COVERING INDEX subtitle_file (file_id=?)",
		"PruneSignIns":        "USING INDEX signin_expires (expires_at<?)",
		"PruneConsents":       "USING INDEX consent_ends (ends_at<?)",
		"PruneRefreshTokens":  "USING INDEX refresh_token_expires (expires_at<?)",
		"PruneConsentTokens":  "USING INDEX token_consent_expires (expires_at<?)",
		"PrunePlaybackSeen":   "USING INDEX playback_seen_expires (expires_at<?)",
		"PrunePlaybackHours":  "playback_hour_hour (hour<?)",
		"PrunePlaybackOwners": "playback_owner_hour (hour<?)",
		"ListOwnerSteps":      "SEARCH playback_owner USING PRIMARY KEY (owner=? AND hour>? AND hour<?)",
		"MendPlaybackOwners":  "SEARCH h USING INDEX playback_hour_hour (hour>?)",
		"JobsInState":         "INDEX media_job (state=? AND id<?)",
		"JobsGivenUp":         "INDEX media_fault (state=? AND failure_name=? AND id<?)",
		"RedosWaiting":        "INDEX redo_waiting (media_id<?)",
		"RedosRunning":        "INDEX redo_running (media_id<?)",
		"OpenUploadsOfAll":    "USING INDEX session_open (id<?)",
		"StorageByUse":        "USING INDEX storage_used (<expr><?)",
		"TokensMade":          "USING INDEX token_made",
		"TokensGiven":         "USING INDEX token_given",
		"TokensMadeFor":       "USING INDEX token_user_made (user_id=? AND",
		"TokensGivenFor":      "USING INDEX token_user_given (user_id=? AND",
		"ClientsByAge":        "USING INDEX client_created",
		"AccountsByAge":       "USING INDEX account_created",
		"GetTokenByHash":      "SEARCH token USING INDEX sqlite_autoindex_token_2 (hash=?)",
		"PageDeeds":           "USING INDEX deed_begun",
		"UntoldDeeds":         "USING INDEX deed_untold (begun_at>?)",
	} {
		plan := strings.Join(plans[name], "|")
		if !strings.Contains(plan, index) {
			t.Errorf("%s is planned as %q, want %q in it", name, plan, index)
		}
	}
	if t.Failed() {
		for _, name := range slices.Sorted(maps.Keys(plans)) {
			t.Logf("%s: %q", name, plans[name])
		}
	}
}

// countAgain does what the first opening after the migration does.
func (c *Catalog) countAgain(ctx context.Context) error {
	if err := c.SetQuota(ctx, "", ServersQuota); err != nil {
		return err
	}
	err := c.write(ctx, func(q *queries.Queries) error {
		_, err := q.DeleteKept(ctx, 1)
		return err
	})
	if err != nil {
		return err
	}
	return c.countOnce(ctx)
}

// runAll calls every method at least once.
func runAll(t *testing.T, c *Catalog) {
	ctx := t.Context()
	now := time.UnixMilli(1500)
	hash := strings.Repeat("0", 64)
	made := media.Outcome{Renditions: []media.Rendition{{Name: "a"}}}
	broken := media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "broken")}
	m := media.Media{ID: 1, Slug: "slug", State: media.Pending}
	none := func(media.Media, []media.Rendition) error { return nil }

	errOf := func(_ any, err error) error { return err }
	errOf2 := func(_, _ any, err error) error { return err }
	missing := func(_, _, _ any, err error) error {
		if media.CodeOf(err) == media.CodeNotFound {
			return nil
		}
		return err
	}
	for i, err := range []error{
		c.Ping(ctx),
		c.BeginDeed(ctx, Deed{ID: "d", BegunAt: now}),
		c.EndDeed(ctx, Deed{ID: "d", EndedAt: now}),
		errOf(c.Deeds(ctx, Deed{}, 1)),
		errOf(c.UntoldDeeds(ctx, now, 1)),
		c.TellDeed(ctx, Deed{ID: "d", EndedAt: now}),
		errOf(c.PlaybackPosition(ctx, "stream")),
		errOf(c.CountPlayback(ctx, "stream", 0, 1, []media.Playback{{Session: "s", Media: 1, Events: []media.PlaybackEvent{{Metric: media.VideoView, At: now}}}})),
		errOf(c.MovePlaybackPosition(ctx, "stream", 1, 2)),
		errOf(c.PlaybackSteps(ctx, []media.ID{1}, now, now, 24*time.Hour)),
		errOf(c.PlaybackTotals(ctx, []media.ID{1})),
		errOf(c.OwnerPlayback(ctx, "1", now, now, time.Hour)),
		errOf(c.TopPlayback(ctx, "1", now, now, 10)),
		errOf(c.TopPlayback(ctx, "1", now, now.Add(1000*time.Hour), 10)),
		c.write(ctx, func(q *queries.Queries) error { return mendOwners(ctx, q, "stream") }),
		errOf(c.PrunePlayback(ctx, now, now, 1)),
		errOf(c.CreateFirstToken(ctx, Token{ID: "a", Hash: hash})),
		c.CreateToken(ctx, Token{ID: "b", Hash: strings.Repeat("1", 64)}),
		errOf(c.TokenByHash(ctx, hash)),
		errOf(c.Tokens(ctx)),
		errOf(c.RevokeToken(ctx, "a", now)),
		c.CreateClient(ctx, Client{ID: "app", APIKey: "key"}),
		errOf(c.Client(ctx, "app")),
		errOf(c.ClientByAPIKey(ctx, "key")),
		errOf(c.Clients(ctx)),
		errOf(c.KeepAppToken(ctx, 0, Token{ID: "c", Hash: strings.Repeat("2", 64), Client: "app"})),
		errOf(c.EndAppToken(ctx, "app", 0)),
		c.CreateAccount(ctx, Account{ID: "1", Username: "ann", PasswordHash: "old"}),
		errOf(c.Account(ctx, "1")),
		errOf(c.AccountByName(ctx, "ann")),
		errOf(c.Accounts(ctx)),
		c.SetPassword(ctx, "1", "new", now),
		errOf(c.CreateSignIn(ctx, SignIn{Hash: hash, User: "1"}, "new")),
		errOf2(c.SignIn(ctx, hash)),
		errOf(c.CreateConsent(ctx, Consent{ID: "k", Client: "app", User: "1"}, Code{Hash: hash, ExpiresAt: now.Add(1)}, false)),
		errOf2(c.Code(ctx, hash)),
		errOf(c.RedeemCode(ctx, hash, "k", Token{ID: "d", Hash: strings.Repeat("3", 64), Consent: "k"}, &RefreshToken{Hash: hash}, time.UnixMilli(1))),
		errOf2(c.RefreshToken(ctx, hash)),
		errOf(c.RotateRefreshToken(ctx, hash, "k", Token{ID: "e", Hash: strings.Repeat("4", 64)}, nil, now)),
		errOf(c.Consents(ctx)),
		c.KeepClient(ctx, Client{ID: "house", APIKey: "house"}),
		c.KeepClient(ctx, Client{ID: "house", APIKey: "house"}),
		errOf(c.CreateConsent(ctx, Consent{ID: "k2", Client: "house", User: "1"}, Code{Hash: strings.Repeat("5", 64), ExpiresAt: now.Add(1)}, true)),
		errOf(c.CreateConsent(ctx, Consent{ID: "k2", Client: "house", User: "1"}, Code{Hash: strings.Repeat("5", 64), ExpiresAt: now.Add(1)}, false)),
		errOf(c.EnterConsole(ctx, strings.Repeat("5", 64), ConsoleSession{Hash: hash, User: "1", Consent: "k2"}, time.UnixMilli(1))),
		c.CreateConsoleSession(ctx, ConsoleSession{Hash: strings.Repeat("6", 64), User: "1"}),
		errOf(c.ConsoleSession(ctx, hash)),
		errOf(c.IssueConsoleToken(ctx, ConsoleSession{Hash: hash, User: "1", Consent: "k2"}, now, func(Account) Token { return Token{ID: "f", Hash: strings.Repeat("7", 64)} })),
		errOf(c.ClaimConsoleRenewal(ctx, hash, 0, now, now)),
		c.DropConsoleRenewal(ctx, hash, 0),
		errOf(c.RenewConsoleSession(ctx, hash, 0, "x", now)),
		c.EndConsoleSession(ctx, hash, now),
		errOf(c.SetAdmin(ctx, "1", false, "magpie.admin", now)),
		errOf(c.RevokeConsent(ctx, "k", now)),
		errOf(c.PruneGrants(ctx, now, 10)),
		c.EndSignIn(ctx, hash),
		errOf(c.EraseUser(ctx, "1", now)),
		errOf(c.RevokeClient(ctx, "app", now)),
		c.CreateSession(ctx, testSession(1)),
		errOf(c.Session(ctx, 1)),
		errOf2(c.BeginClosing(ctx, 1, "a", now, now)),
		errOf(c.Reopen(ctx, 1, "a")),
		errOf2(c.BeginClosing(ctx, 1, "a", now, now)),
		errOf(c.CloseSession(ctx, "a", m, now)),
		errOf(c.ExpireSessions(ctx, now, now, 10)),
		errOf2(c.Claim(ctx, 1, now)),
		errOf(c.SetProgress(ctx, 1, 1, 5, now)),
		errOf(c.Release(ctx, 1, 1, "", now)),
		errOf2(c.Claim(ctx, 1, now)),
		errOf(c.Publish(ctx, 1, 1, broken, now)),
		errOf(c.Publish(ctx, 1, 2, made, now)),
		errOf(c.Stalled(ctx, now, now, 10)),
		errOf(c.Media(ctx, 1)),
		errOf(c.MediaBySlug(ctx, "slug")),
		errOf(c.Outline(ctx, 1)),
		errOf(c.MediaList(ctx, []media.ID{1, 2})),
		errOf(c.Renditions(ctx, []media.ID{1, 2})),
		errOf2(c.RenditionBySlug(ctx, "slug", "a")),
		errOf(c.MergeMetadata(ctx, 1, map[string]string{"a": "1"}, []string{"b"}, Actor{User: "1"}, now)),
		errOf(c.MergeMetadata(ctx, 1, map[string]string{"management_info": `{"managed":true}`, "shared_info": `{"shared":true}`}, nil, Actor{User: "1"}, now)),
		errOf(c.MergeMetadata(ctx, 1, nil, []string{"management_info"}, Actor{User: "1"}, now)),
		c.MayChange(ctx, 1, Actor{User: "1"}),
		errOf(c.Audit(ctx, 1, 0, 10)),
		errOf(c.History(ctx, 1)),
		errOf(c.Metadata(ctx, []media.ID{1, 2})),
		c.SetFault(ctx, 1, media.Fault{Processing: time.Second}),
		errOf(c.Fault(ctx, 1)),
		errOf(c.AttachSubtitles(ctx, 1, []media.Subtitle{{Language: "en", File: 1}}, Actor{User: "1"}, now)),
		errOf(c.Subtitles(ctx, []media.ID{1, 2})),
		missing(c.SubtitleBySlug(ctx, "slug", "en")),
		errOf(c.DetachSubtitles(ctx, 1, []media.Language{"en"}, Actor{User: "1"})),
		errOf(c.Sweepable(ctx, []media.ID{1, 2})),
		c.EachMedia(ctx, none),
		c.EachSession(ctx, func(media.Session) error { return nil }),
		errOf(c.ExpireMedia(ctx, now, 10)),
		c.CreateSessionWithin(ctx, testSession(2), 1<<50),
		c.Reserve(ctx, 2, 5, 1<<50),
		errOf(c.AbortSession(ctx, 2, Actor{}, now)),
		errOf(c.OpenUploads(ctx, "1", 0, 10)),
		errOf(c.Storage(ctx, "1")),
		c.SetQuota(ctx, "1", 5),
		errOf(c.CheckStorage(ctx)),
		c.countAgain(ctx),
		errOf(c.Uses(ctx, m)),
		errOf2(c.RemoveMedia(ctx, 1, Actor{}, false, now)),
		errOf(c.RestoreMedia(ctx, 1, Actor{}, time.Time{}, now)),
		errOf2(c.Library(ctx, LibraryQuery{Owner: "1", Limit: 1})),
		errOf2(c.Library(ctx, LibraryQuery{Owner: "1", Limit: 1, Category: "a"})),
		errOf2(c.Library(ctx, LibraryQuery{Owner: "1", Limit: 1, State: "a"})),
		errOf2(c.Library(ctx, LibraryQuery{Owner: "1", Limit: 1, Source: "a"})),
		errOf2(c.Library(ctx, LibraryQuery{Owner: "1", Limit: 1, Text: "a"})),
		errOf2(c.Library(ctx, LibraryQuery{Owner: "1", Limit: 1, Text: "a", DeletedSince: now})),
		errOf2(c.Jobs(ctx, JobWaiting, 0, 10)),
		errOf2(c.Jobs(ctx, JobRunning, 0, 10)),
		errOf2(c.Jobs(ctx, JobFailed, 0, 10)),
		errOf2(c.Jobs(ctx, JobGivenUp, 0, 10)),
		errOf(c.CountJobs(ctx, 10)),
		errOf(c.UploadsOfAll(ctx, 0, 10)),
		errOf(c.StorageByUse(ctx, Place{}, 10)),
		errOf(c.StorageOf(ctx, []string{"1", "2"})),
		errOf(c.TokensByAge(ctx, TokenQuery{Limit: 10})),
		errOf(c.TokensByAge(ctx, TokenQuery{Given: true, Limit: 10})),
		errOf(c.TokensByAge(ctx, TokenQuery{User: "1", Limit: 10})),
		errOf(c.TokensByAge(ctx, TokenQuery{User: "1", Given: true, Limit: 10})),
		errOf(c.ClientsByAge(ctx, Place{}, 10)),
		errOf(c.AccountsByAge(ctx, Place{}, 10)),
		errOf(c.Usernames(ctx, []string{"1", "2"})),
		errOf(c.ClientNames(ctx, []string{"app"})),
		errOf(c.DeleteMedia(ctx, 1, now)),
		errOf(c.LetGo(ctx, []media.Media{{ID: 1, GoneAt: now}})),
		errOf(c.Prune(ctx, now, 10)),
		errOf(c.LastEvent(ctx)),
		errOf(c.Events(ctx, 0, 10)),
		errOf2(c.EventsOf(ctx, "1", 0, 10)),
		errOf(c.Moving(ctx, now, 10)),
		errOf(c.CreateWebhook(ctx, Webhook{ID: 1, Owner: "1", Status: WebhookActive}, 10)),
		errOf(c.Webhook(ctx, "1", 1)),
		errOf(c.Webhooks(ctx, "1")),
		errOf(c.ChangeWebhook(ctx, "1", 1, now, func(*Webhook) error { return nil })),
		c.RotateWebhookSecret(ctx, "1", 1, "x", now),
		errOf2(c.TestWebhook(ctx, "1", 1, now)),
		errOf(c.DueWebhooks(ctx, now)),
		claimed(c, now),
		c.FreeDeliveries(ctx),
		errOf(c.Deliveries(ctx, "1", 1, 0, 10)),
		notThere(c.Redeliver(ctx, "1", 1, 1, now)),
		errOf(c.PruneEvents(ctx, now.Add(time.Hour), 10)),
		c.DeleteWebhook(ctx, "1", 1),
	} {
		if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

// claimed claims and settles a delivery.
func claimed(c *Catalog, now time.Time) error {
	_, d, _, err := c.ClaimDelivery(context.Background(), 1, now, now)
	if err != nil {
		return err
	}
	_, err = c.SettleDelivery(context.Background(), d, true)
	return err
}

// notThere passes over what is not there.
func notThere(_ any, err error) error {
	if media.CodeOf(err) == media.CodeNotFound {
		return nil
	}
	return err
}
