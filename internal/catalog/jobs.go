package catalog

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// JobState is where the work on a media stands, as an operator sees it.
type JobState string

// The states of jobs. What was given up failed through a fault of the server's,
// and so is among what failed.
const (
	JobWaiting JobState = "waiting"
	JobRunning JobState = "running"
	JobFailed  JobState = "failed"
	JobGivenUp JobState = "given_up"
)

// JobStates lists them.
func JobStates() []JobState { return []JobState{JobWaiting, JobRunning, JobFailed, JobGivenUp} }

// Job is a media that work is to be done on, is being done, or was done in vain.
type Job struct {
	media.Media
	// Redo tells that the media is done and to be processed once more: what waits
	// or runs is that, and what failed is to be tried again.
	Redo bool
}

// Jobs lists the jobs in a state that are live, the newest upload first, of ids
// before an id (0: all). more is what before is to be for the next page, 0 if
// there is none. A page may be short of limit where more is not 0.
func (c *Catalog) Jobs(ctx context.Context, state JobState, before media.ID, limit int) (page []Job, more media.ID, err error) {
	if before == 0 {
		before = math.MaxInt64
	}
	err = c.snapshot(ctx, func(q *queries.Queries) error {
		page, more, err = readJobs(ctx, q, state, int64(before), limit)
		return err
	})
	if err != nil {
		return nil, 0, during(err, "list jobs that are %s", state)
	}
	return page, more, nil
}

func readJobs(ctx context.Context, q *queries.Queries, state JobState, before int64, limit int) (page []Job, more media.ID, err error) {
	ids, err := jobIDs(ctx, q, state, before, limit+1)
	if err != nil {
		return nil, 0, err
	}
	if len(ids) > limit {
		ids = ids[:limit]
		more = media.ID(ids[limit-1])
	}
	rows, err := q.ListMedia(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	again, err := q.ListRedos(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	redos := map[int64]bool{}
	for _, r := range again {
		redos[r.MediaID] = true
	}
	slices.SortFunc(rows, func(a, b queries.Media) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	for _, r := range rows {
		m, err := mediaOf(r)
		if err != nil {
			return nil, 0, err
		}
		if m.GoneAt.IsZero() { // a deleted one may still be asked for
			page = append(page, Job{Media: m, Redo: redos[r.ID]})
		}
	}
	return page, more, nil
}

// jobIDs lists at most n ids of jobs in a state, the highest first.
func jobIDs(ctx context.Context, q *queries.Queries, state JobState, before int64, n int) ([]int64, error) {
	inState := func(s media.State) ([]int64, error) {
		return q.JobsInState(ctx, queries.JobsInStateParams{State: string(s), Before: before, AtMost: atMost(n)})
	}
	var first, redo []int64
	var err, errRedo error
	switch state {
	case JobWaiting:
		first, err = inState(media.Pending)
		redo, errRedo = q.RedosWaiting(ctx, queries.RedosWaitingParams{Before: before, AtMost: atMost(n)})
	case JobRunning:
		first, err = inState(media.InProgress)
		redo, errRedo = q.RedosRunning(ctx, queries.RedosRunningParams{Before: before, AtMost: atMost(n)})
	case JobFailed:
		first, err = inState(media.Failed)
	case JobGivenUp:
		first, err = q.JobsGivenUp(ctx, queries.JobsGivenUpParams{Before: before, AtMost: atMost(n)})
	default:
		err = fmt.Errorf("no state of jobs: %q", state)
	}
	if err == nil {
		err = errRedo
	}
	all := append(first, redo...)
	slices.SortFunc(all, func(a, b int64) int { return cmp.Compare(b, a) })
	all = slices.Compact(all)
	return all[:min(len(all), n)], err
}

// CountJobs counts the jobs in each state, up to most: so many or more there are
// then.
func (c *Catalog) CountJobs(ctx context.Context, most int) (map[JobState]int, error) {
	counts := map[JobState]int{}
	err := c.snapshot(ctx, func(q *queries.Queries) error {
		for _, state := range JobStates() {
			ids, err := jobIDs(ctx, q, state, math.MaxInt64, most)
			if err != nil {
				return err
			}
			counts[state] = len(ids)
		}
		return nil
	})
	return counts, during(err, "count jobs")
}
