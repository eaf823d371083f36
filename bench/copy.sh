#!/bin/sh
# copy.sh SOURCE FOLDER: the fastest that ffmpeg makes an MP4 that plays as it
# downloads. It decodes nothing, makes no poster, and syncs nothing to disk.
exec ffmpeg -nostdin -v error -y -i "$1" -map 0:v:0 -map 0:a:0 -c copy -map_metadata -1 -movflags +faststart "$2/copy.mp4"
