// Package picture makes up the pictures that are measured with.
package picture

import (
	"image"
	"image/color"
	"math"
)

// Landscape is a made-up photograph, the same for the same arguments: rolling
// colours with detail at every scale, as in a landscape, some hard edges, and
// grain.
func Landscape(w, h int, seed uint32) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(h), float64(y)/float64(h) // in heights, so that all sizes show the same
			ground := rough(u*3, v*3, seed, 11)
			tint := rough(u*1.5, v*1.5, seed+101, 3)
			shade := 1.0
			if rough(u*2, v*2, seed+211, 4) > 0.56 {
				shade = 0.55
			}
			grain := 0.03 * (at(uint32(x), uint32(y), seed+307) - 0.5)
			img.SetRGBA(x, y, color.RGBA{
				level(grain + shade*(0.15+0.9*ground)),
				level(grain + shade*(0.1+0.6*ground+0.4*tint)),
				level(grain + shade*(0.3+0.9*tint-0.3*ground)),
				255,
			})
		}
	}
	return img
}

func level(v float64) uint8 { return uint8(min(max(v, 0), 1) * 255) }

// rough is noise of several octaves between 0 and 1, each half as strong as the
// one before.
func rough(x, y float64, seed uint32, octaves int) float64 {
	sum, all, part := 0.0, 0.0, 1.0
	for i := range octaves {
		sum += part * smooth(x, y, seed+uint32(i))
		all += part
		x, y, part = x*2, y*2, part*0.62
	}
	return sum / all
}

// smooth is noise between points of a grid, between 0 and 1.
func smooth(x, y float64, seed uint32) float64 {
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := x-x0, y-y0
	fx, fy = fx*fx*(3-2*fx), fy*fy*(3-2*fy)
	i, j := uint32(int32(x0)), uint32(int32(y0))
	top := at(i, j, seed)*(1-fx) + at(i+1, j, seed)*fx
	bottom := at(i, j+1, seed)*(1-fx) + at(i+1, j+1, seed)*fx
	return top*(1-fy) + bottom*fy
}

// at is a number between 0 and 1 for a point of the grid.
func at(i, j, seed uint32) float64 {
	n := i*0x9e3779b1 ^ j*0x85ebca77 ^ seed*0xc2b2ae3d
	n = (n ^ n>>15) * 0x2c1b3c6d
	n = (n ^ n>>12) * 0x297a2d39
	return float64(n^n>>15) / math.MaxUint32
}
