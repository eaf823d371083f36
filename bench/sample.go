package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"

	"magpie/bench/picture"
)

// make gives the path of a sample, which is made unless it is there already.
// write is given the name to write to.
func (b *bench) make(name string, write func(path string) error) (string, error) {
	path := filepath.Join(b.dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	b.say("making %s", name)
	part := filepath.Join(b.dir, "part-"+name)
	if err := write(part); err != nil {
		return "", fmt.Errorf("make %s: %w", name, err)
	}
	return path, os.Rename(part, path)
}

// ffmpeg runs ffmpeg and gives what it says.
func ffmpeg(ctx context.Context, args ...string) (string, error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "ffmpeg", append([]string{"-nostdin", "-hide_banner", "-y"}, args...)...)
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("ffmpeg: %w: %s", err, said.String())
	}
	return said.String(), nil
}

// landscape is a photograph of 12 megapixels, as a JPEG.
func (b *bench) landscape() (string, error) {
	return b.make("landscape.jpg", func(path string) error {
		return writeJPEG(path, picture.Landscape(4000, 3000, 1), 92)
	})
}

func writeJPEG(path string, img image.Image, quality int) error {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: quality}); err != nil {
		return err
	}
	return os.WriteFile(path, file.Bytes(), 0o644)
}

// minute is 60 seconds of 1920×1080 at 30 pictures a second, with sound: a pan
// over the landscape with a cut every eight seconds, and a camera's grain. more
// are the encoder's options; the index comes last, where ffmpeg puts it.
func (b *bench) minute(ctx context.Context, name string, more ...string) (string, error) {
	still, err := b.landscape()
	if err != nil {
		return "", err
	}
	return b.make(name, func(path string) error {
		args := []string{
			"-framerate", "30", "-i", still,
			"-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.3:sample_rate=48000:seed=1",
			"-vf", "format=yuv420p,loop=-1:1,setpts=N/30/TB,crop=1920:1080:x='mod(n*6,2080)':y='mod(floor(n/240)*517+n,1920)',noise=c0s=9:c0f=t:all_seed=7",
			"-t", "60", "-c:v", "libx264", "-preset", "superfast", "-profile:v", "high", "-pix_fmt", "yuv420p",
			"-c:a", "aac", "-b:a", "128k", "-ac", "2",
		}
		_, err := ffmpeg(ctx, append(append(args, more...), "-f", "mp4", path)...)
		return err
	})
}

// moved is a copy of an MP4 with its index at the beginning.
func (b *bench) moved(ctx context.Context, name, from string) (string, error) {
	return b.make(name, func(path string) error {
		_, err := ffmpeg(ctx, "-i", from, "-c", "copy", "-movflags", "+faststart", "-f", "mp4", path)
		return err
	})
}
