package ffmpeg

// slowWork is how much work a plan may be before others no longer wait for it,
// in pixels to decode and encode: about half a minute of one processor.
const slowWork = 4 * quick

// slow reports whether making the plan takes so long that what is quickly made
// must not wait behind it. Reading and writing take no such time.
func (p *plan) slow() bool {
	encoded := p.Rungs
	if p.Copy {
		encoded = p.Rungs[:len(p.Rungs)-1]
	}
	return !p.Only && p.work(encoded) > slowWork
}

// work is how much it is to decode the original and encode these rungs, in
// pixels. Decoding costs about a third of encoding. A GIF counts with fifty
// pictures a second, which is what most of them have at most.
func (p *plan) work(rungs []rung) float64 {
	pixels := float64(p.CodedPixels) / 3
	for _, r := range rungs {
		pixels += float64(r.Width * r.Height)
	}
	rate := p.Rate.float()
	if !p.Rate.known() {
		rate = 50
	}
	return pixels * rate * p.Duration.Seconds()
}
