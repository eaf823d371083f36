package ffmpeg

import "time"

// soundAlone is how long sound may go on behind the last picture. A segment ends at a
// picture, so HLS would have all sound after the last one in a single segment, which is
// announced as if it ended with the pictures.
const soundAlone = 500 * time.Millisecond

// hold has the last picture stay for so long after the pictures' end.
func (p *plan) hold(gap, end time.Duration) {
	p.Hold, p.VideoLength = gap, end+gap
}

// held is the plan for an original whose container does not say when its streams end, as
// WebM and transport streams don't, once what was made shows that the sound goes on behind
// the pictures. It reports false where nothing is to be held.
func (p plan) held(made []rendered) (plan, bool) {
	if p.Loop || p.Audio == nil || p.VideoLength > 0 || len(made) == 0 {
		return p, false
	}
	top := made[len(made)-1]
	pictures, sound := inTime(top.track("vide").Seconds), inTime(top.track("soun").Seconds)
	if sound-pictures <= soundAlone {
		return p, false
	}
	p = p.encoded()
	p.hold(sound-pictures, pictures)
	return p, true
}
