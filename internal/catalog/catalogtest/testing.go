package catalogtest

import "context"

// testingT is what the checks need of *testing.T and *rapid.T.
type testingT interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}
