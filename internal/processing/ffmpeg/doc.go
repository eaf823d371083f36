// Package ffmpeg is the engine for videos and GIFs. It runs ffmpeg and ffprobe
// as child processes, never through a shell, and turns one original into
//
//   - for a video: an MP4 per rung of a ladder of sizes (320x180.mp4 …), which
//     plays as it downloads and holds the fragments that HLS points into
//     (master.m3u8, and for each rung a 320x180.m3u8 with byte ranges of its
//     MP4; package hybrid; iframes.m3u8 has key pictures alone), poster.jpg,
//     and sheets of small pictures for scrubbing (sprite-1.jpg …) with a WebVTT
//     track that says which is when (thumbnails.vtt);
//   - for a GIF, or an MP4 that was uploaded as one: one silent MP4 and
//     poster.jpg.
//
// The steps, one file each, in the order of Engine.Process: probe, measure,
// check (gif, for GIFs, in place of these three), plan, render (for a long film that
// fits copy, by plain where ffmpeg isn't needed, with glance in poster's place), wrap, verify, poster, thumbnails, playlist,
// iframes, save. The child that takes a first poster may be started before there is an
// original (early.go). A long film that is plain goes by swift first, which
// needs no probe.
//
// Everything that goes in is hostile. The demuxer is the one for the type that
// the bytes were found to have, never ffmpeg's guess; of protocols a child may
// use only HTTP for the loopback source; decoders are the short list in
// input.go. A child (child.go, sandbox.go) has an empty environment, limits on
// processor time, memory and file size, and a wall-clock limit, dies with its
// parent, and where the kernel has Landlock it can read no file but its own
// program and libraries, write none but in its scratch folder, and connect to
// no port but the source's. What a child prints reaches the log, never a
// client: classify.go turns it into words of our own.
//
// The room knows nothing of blobs, of the catalogue or of who owns what. On
// disk it writes only into Input.Scratch, and leaves the removal to the caller.
// It runs on Linux.
package ffmpeg
