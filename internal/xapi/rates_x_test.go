package xapi

import "testing"

// X's numbers, and ours where X has none.
func TestAllowances(t *testing.T) {
	for l, want := range map[limit][2]int{
		limitUpload:       {500, 50_000},
		limitStatus:       {1_000, 100_000},
		limitInitialize:   {1_875, 180_000},
		limitAppend:       {1_875, 180_000},
		limitFinalize:     {1_875, 180_000},
		limitMetadata:     {500, 50_000},
		limitSubtitles:    {100, 10_000},
		limitNoSubtitles:  {100, 10_000},
		limitLookup:       {900, 100_000},
		limitLookupList:   {900, 100_000},
		limitAnalytics:    {300, 50_000},
		limitOfNoEndpoint: {900, 100_000},
	} {
		if user, app := l.allowance(); user != want[0] || app != want[1] {
			t.Errorf("%s: %d a user, %d an app, want %v", l, user, app, want)
		}
	}
}
