// Package processing is what finalize starts: it takes a pending media, hands
// its original to the Engine for its kind, keeps what that makes, and records
// the outcome. The Worker claims a media by raising its attempt, so that of two
// workers only the later can publish.
//
// It holds no codecs (those are in ffmpeg, image, model and subtitle below it), serves
// no viewers and decides nothing about who may see what.
//
// On disk: renditions as blobs under renditions/<media>/<attempt>/, and a
// scratch folder per running attempt that is removed when it ends and, after a
// crash, at the next start.
package processing
