// Package blob keeps bytes under names that are never used twice. Store is what
// the rest of magpie uses; a Driver (diskblob, s3blob) moves the bytes.
//
// Keys are lower-case path names: elements of [a-z0-9][a-z0-9._-]* joined by
// "/", at most 200 bytes. Two prefixes are in use: segments/<media>/ for what
// was appended and renditions/<media>/<attempt>/ for what processing made.
//
// The room knows nothing of sessions, media or who owns what, and deletes
// nothing by itself.
package blob
