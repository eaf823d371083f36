#!/bin/sh
# ladder.sh SOURCE FOLDER: what magpie makes of a 1080p video, as one ffmpeg
# command over a local file: the same rungs from one decode, with the same
# preset, rates, key pictures and sound. It makes no poster, thumbnails or
# playlists, and syncs nothing to disk.
set -ef
src=$1 out=$2 threads=$(nproc)

# encode RUNG BITS: the options of one rung
encode() {
	echo "-map [v$1] -map 0:a? -c:v libx264 -preset veryfast -profile:v high -pix_fmt yuv420p -crf 23" \
		"-threads $threads -flags:v +cgop -force_key_frames expr:gte(t,n_forced*2) -forced-idr 1 -sc_threshold 0 -g 600" \
		"-fps_mode passthrough -b-pyramid none -maxrate $2 -bufsize $((2 * $2))" \
		"-c:a aac -profile:a aac_low -b:a 128000 -ac 2 -map_metadata -1 -movflags +faststart -f mp4"
}

# shellcheck disable=SC2046 # the options are meant to be split
exec ffmpeg -nostdin -v error -y -filter_complex_threads "$threads" -threads "$threads" -i "$src" -filter_complex "
	[0:v]scale=1920:1080:flags=bicubic,format=yuv420p,split=2[v3][s3];
	[s3]scale=1280:720:flags=bicubic,split=2[v2][s2];
	[s2]scale=640:360:flags=bicubic,split=2[v1][s1];
	[s1]scale=320:180:flags=bicubic[v0]" \
	$(encode 0 312000) "$out/320x180.mp4" \
	$(encode 1 883000) "$out/640x360.mp4" \
	$(encode 2 2500000) "$out/1280x720.mp4" \
	$(encode 3 4592000) "$out/1920x1080.mp4"
