package ffmpeg

import (
	"fmt"
	"strconv"
	"strings"
)

// videoGraph is the filter graph that turns the original's pictures into one
// output per rung, labelled v0, v1 …, the poster's candidates, labelled poster,
// and the sheets of thumbnails, labelled thumbs. The work is shared: pictures
// that the rate drops are dropped first, the top is scaled before anything
// expensive, and each lower rung comes from the one above it.
func (p *plan) videoGraph() string {
	var g strings.Builder
	t := p.top()
	if p.Matrix {
		// An output of a graph with one input inherits that input's display
		// matrix, and would be turned twice. A second input prevents it.
		g.WriteString("[1:0]nullsink;")
	}
	fmt.Fprintf(&g, "[0:%d]", p.VideoIndex)
	if p.Animated {
		// The same picture in white, with the same times, is the ground.
		g.WriteString("format=rgba,split[pic][ground];[ground]lutrgb=r=255:g=255:b=255:a=255[white];[white][pic]overlay=format=rgb,")
	}
	g.WriteString(strings.Join(p.topFilters(t), ","))

	below := len(p.Rungs) - 1
	label := "top"
	var uses []string
	if !p.Copy {
		uses = append(uses, fmt.Sprintf("[v%d]", below))
	}
	uses = append(uses, "[p]")
	if below > 0 {
		uses = append(uses, "[top]")
	} else if p.scrubs() {
		uses = append(uses, "[t]")
	}
	fmt.Fprintf(&g, ",split=%d%s;", len(uses), strings.Join(uses, ""))
	for i := below - 1; i >= 0; i-- {
		r := p.Rungs[i]
		fmt.Fprintf(&g, "[%s]scale=%d:%d:flags=bicubic,setsar=1", label, r.Width, r.Height)
		switch {
		case i > 0:
			label = "s" + strconv.Itoa(i)
			fmt.Fprintf(&g, ",split=2[v%d][%s];", i, label)
		case p.scrubs():
			g.WriteString(",split=2[v0][t];")
		default:
			g.WriteString("[v0];")
		}
	}
	if p.scrubs() {
		g.WriteString("[t]" + strings.Join(p.Thumbs.filters(overrun(p.Duration)), ",") + "[thumbs];")
	}
	g.WriteString("[p]" + strings.Join(p.posterFilters(), ",") + "[poster]")
	return g.String()
}

// topFilters go from decoded pictures to the top rung.
func (p *plan) topFilters(t rung) []string {
	var f []string
	if p.Deinterlace {
		f = append(f, "bwdif=mode=send_frame:parity=auto:deint=all")
	}
	if p.Rate.known() {
		f = append(f, fmt.Sprintf("fps=fps=%s:start_time=0", p.Rate))
	}
	w, h := t.Width, t.Height
	if p.Orientation.swap {
		w, h = h, w // it is turned after scaling, because there is less of it then
	}
	// Without the second flag the last column of an odd width loses its colour
	// when it is RGB.
	scale := fmt.Sprintf("scale=%d:%d:flags=bicubic+full_chroma_inp", w, h)
	switch {
	case p.Animated:
		scale += ":out_color_matrix=bt709:out_range=tv"
	case !p.ToneMap:
		scale += ":out_range=tv"
	}
	f = append(f, scale)
	f = append(f, p.Orientation.filters()...)
	f = append(f, "sidedata=mode=delete:type=DISPLAYMATRIX")
	if p.ToneMap {
		// The tags are said again, because a file may carry only some of them.
		f = append(f,
			"zscale=tin="+p.HDR+":pin=bt2020:min=bt2020nc:t=linear:npl=100", "format=gbrpf32le",
			"zscale=p=bt709", "tonemap=tonemap=hable:desat=0", "zscale=t=bt709:m=bt709:r=tv")
	}
	if p.Hold > 0 {
		f = append(f, fmt.Sprintf("tpad=stop_mode=clone:stop_duration=%dms", p.Hold.Milliseconds()))
	}
	f = append(f, "setsar=1", "format=yuv420p")
	if p.Animated {
		f = append(f, "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709")
	}
	return f
}

// posterFilters take a picture every PosterEvery.
func (p *plan) posterFilters() []string {
	every := p.PosterEvery.Seconds()
	return []string{
		fmt.Sprintf("select='lt(t,%.3f)*(isnan(prev_selected_t)+gte(t-prev_selected_t,%.3f))'",
			every*(posterCandidates+1), every),
		fmt.Sprintf("scale=%d:%d:flags=bicubic:out_color_matrix=bt601:out_range=pc", p.Poster.Width, p.Poster.Height),
		"setsar=1", "format=yuvj420p",
	}
}

// audioGraph makes the sound that is encoded, labelled a0, and a1 where it is twice.
// Gaps are filled and a late start is padded, so that it stays beside the pictures.
func (p *plan) audioGraph() string {
	resample := fmt.Sprintf("[0:%d]aresample=async=1000:first_pts=0:ochl=stereo:osr=%d", p.Audio.Index, p.Audio.SampleRate)
	if p.sounds() == 2 {
		return resample + ",asplit=2[a0][a1]"
	}
	return resample + "[a0]"
}
