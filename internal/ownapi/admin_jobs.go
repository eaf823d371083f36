package ownapi

import (
	"net/http"
	"slices"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// countMost is how far jobs are counted: 1000 stands for so many or more.
const countMost = 1000

// adminJob is a media that work is, or was, to be done on.
type adminJob struct {
	ID       string           `json:"id"`
	MediaKey media.Key        `json:"media_key"`
	State    catalog.JobState `json:"state"`
	adminUser
	Category  media.Category `json:"category"`
	Type      media.Type     `json:"media_type"`
	Bytes     int64          `json:"bytes"`
	Progress  int            `json:"progress_percent"`
	Attempts  int64          `json:"attempts"`
	Lost      int64          `json:"lost_attempts"` // ended without a word, as where the process died of it
	Error     *failure       `json:"error,omitempty"`
	Redo      bool           `json:"redo"` // it is done already, and was asked to be made once more
	CreatedAt time.Time      `json:"created_at"`
	Since     time.Time      `json:"since"` // when it was last heard of
}

// jobsMeta also counts the jobs in each state, up to countMost.
type jobsMeta struct {
	listMeta
	Counts map[catalog.JobState]int `json:"counts"`
}

// adminJobs answers GET /magpie/v1/admin/jobs: what waits, runs or failed, the
// newest upload first.
func (a *API) adminJobs(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	query, err := parameters(r, "state", "limit", "cursor")
	if err != nil {
		return err
	}
	limit, before, err := paging(query)
	if err != nil {
		return err
	}
	state := catalog.JobRunning
	if text, said := query["state"]; said {
		if state = catalog.JobState(text); !slices.Contains(catalog.JobStates(), state) {
			return shown(media.Invalid("state", "must be one of %v", catalog.JobStates()), text)
		}
	}
	jobs, more, err := a.catalog.Jobs(r.Context(), state, before, limit)
	if err != nil {
		return err
	}
	names, err := usernames(r.Context(), a.catalog, jobs, func(j catalog.Job) string { return j.Owner })
	if err != nil {
		return err
	}
	counts, err := a.catalog.CountJobs(r.Context(), countMost)
	if err != nil {
		return err
	}
	page := make([]adminJob, len(jobs))
	for i, j := range jobs {
		page[i] = showJob(j, state, names)
	}
	out := listed(page, more)
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out.Data, "meta": jobsMeta{out.Meta, counts}})
}

func showJob(j catalog.Job, state catalog.JobState, names map[string]string) adminJob {
	out := adminJob{
		ID: j.ID.String(), MediaKey: j.Key(), State: state, adminUser: adminUser{j.Owner, names[j.Owner]},
		Category: j.Category, Type: j.Type, Bytes: j.Size(), Progress: j.Progress, Attempts: j.Attempt, Lost: j.Lost,
		Redo: j.Redo, CreatedAt: j.CreatedAt, Since: j.TouchedAt,
	}
	if f := j.Failure; f != nil {
		out.Error = &failure{Code: f.Code, Name: f.Name, Message: f.Message}
		if state == catalog.JobFailed && f.Name == media.InternalError {
			out.State = catalog.JobGivenUp
		}
	}
	return out
}

// adminRequeue answers POST /magpie/v1/admin/jobs/{id}/requeue: a media that
// failed is processed once more. Again, before that began, it answers the same.
func (a *API) adminRequeue(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	id, m, found, err := a.named(r)
	switch {
	case err != nil:
		return err
	case !found || !m.GoneAt.IsZero():
		return media.Errorf(media.CodeNotFound, "There is no finalized media %s, or it is deleted.", id)
	case m.State == media.Succeeded:
		return media.Errorf(media.CodeConflict, "The media %s has not failed; magpie reprocess takes any that is done.", id)
	case !m.State.Done():
		return media.Errorf(media.CodeConflict, "The media %s has not failed: it waits or is being processed.", id)
	}
	asked, err := a.catalog.Redo(r.Context(), id, a.now())
	if err != nil {
		return err
	}
	if asked && a.later != nil {
		if err := a.later(r.Context(), m); err != nil { // then it takes until the next look for what waits
			a.log.WarnContext(r.Context(), "requeued media not queued", "media", id, "err", err)
		}
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": map[string]any{"id": id.String(), "redo": true}})
}
