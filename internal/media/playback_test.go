package media

import "testing"

func TestPlaybackCounts(t *testing.T) {
	var c PlaybackCounts
	if !c.Empty() {
		t.Error("nothing is not empty")
	}
	var more PlaybackCounts
	more[PlaybackStart], more[WatchTime] = 2, 1500
	c.Add(more)
	c.Add(more)
	if c.Empty() || c[PlaybackStart] != 4 || c[WatchTime] != 3000 || c[VideoView] != 0 {
		t.Errorf("%v", c)
	}
	if len(c) != int(WatchTime)+1 {
		t.Errorf("%d metrics, and the last is number %d", len(c), WatchTime)
	}
}
