package s3blob

import (
	"errors"
	"io/fs"
	"log/slog"
	"testing"
	"time"
)

// TestExamine: the gateway knows conditional writes, its clock is this machine's,
// and nothing of the look stays.
func TestExamine(t *testing.T) {
	address := shared.bucket(t, "")
	for ahead, want := range map[time.Duration]time.Duration{0: 0, 20 * time.Minute: -20 * time.Minute, -20 * time.Minute: 20 * time.Minute} {
		d, err := Open(address, Options{ReadOnly: true, Env: environment, Now: func() time.Time { return time.Now().Add(ahead) }, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		e, err := d.Examine(t.Context(), "name")
		if err != nil || !e.Conditional || e.Ignored || (e.Skew-want).Abs() > time.Minute || want == 0 && e.Skew.Abs() > 5*time.Second {
			t.Errorf("%+v, %v", e, err)
		}
		if _, err := d.Stat(t.Context(), "doctor/name"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the object is there still: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	gone := address
	gone.Bucket = "nowhere"
	d, err := Open(gone, Options{ReadOnly: true, Env: environment, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Examine(t.Context(), "name"); err == nil {
		t.Error("a bucket that is not there will do")
	}
}
