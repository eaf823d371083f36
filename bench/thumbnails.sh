#!/bin/sh
# thumbnails.sh SOURCE FOLDER: the four smaller sizes of a picture by libvips.
# It makes no orig, and syncs nothing to disk.
set -e
vipsthumbnail "$1" --rotate --size '2048x2048>' -o "$2/large.jpg[Q=85,strip]"
vipsthumbnail "$1" --rotate --size '1200x1200>' -o "$2/medium.jpg[Q=85,strip]"
vipsthumbnail "$1" --rotate --size '680x680>' -o "$2/small.jpg[Q=85,strip]"
vipsthumbnail "$1" --rotate --size 150x150 --smartcrop centre -o "$2/thumb.jpg[Q=85,strip]"
