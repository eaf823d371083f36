package catalog

import (
	"context"
	"database/sql"
	"errors"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// MayChange checks that an upload, its metadata and its subtitles may be changed
// by the tokens of by's client: of one that is managed (management_info) only
// those of the client that made it so, which for "" are all that an operator
// made. Others are media.CodeForbidden in words. A client that was revoked
// manages nothing any more. That by.User owns the upload, the caller has checked.
//
// MergeMetadata, AttachSubtitles and DetachSubtitles ask by themselves, in their
// transactions; this is for who wants to know before.
func (c *Catalog) MayChange(ctx context.Context, id media.ID, by Actor) error {
	return during(mayChange(ctx, c.read(), id, by), "ask who manages %s", id)
}

// mayChange is MayChange within the transaction that changes the upload.
func mayChange(ctx context.Context, q *queries.Queries, id media.ID, by Actor) error {
	if by == (Actor{}) {
		return nil
	}
	manager, err := q.GetManager(ctx, int64(id))
	if errors.Is(err, sql.ErrNoRows) || err == nil && manager == plainText(by.Client) {
		return nil
	}
	if err != nil {
		return err
	}
	return media.Errorf(media.CodeForbidden,
		"The media %s is managed by %s (its management_info), and only with a token of that app can it be changed; this token is of %s.",
		id, appName(manager), appName(by.Client))
}

func appName(client string) string {
	if client == "" {
		return "an operator, with a token made by magpie token"
	}
	return "the app " + client
}

// holdUpload keeps an upload's session, and with it who manages it, as it is until
// the transaction ends. That of one that is not there it leaves to the caller.
func holdUpload(ctx context.Context, q *queries.Queries, id media.ID) error {
	_, err := q.HoldSession(ctx, int64(id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// manage records who manages an upload once a group management_info was set, or
// cleared, for "".
func manage(ctx context.Context, q *queries.Queries, id media.ID, group string, by Actor) error {
	notes, err := oneGroup(managementInfo, group)
	if err != nil {
		return err
	}
	if notes.ManagementInfo == nil || !notes.ManagementInfo.Managed {
		return q.ClearManager(ctx, int64(id))
	}
	return q.SetManager(ctx, queries.SetManagerParams{MediaID: int64(id), ClientID: plainText(by.Client)})
}
