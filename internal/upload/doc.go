// Package upload holds upload sessions: initialize, append, finalize, expire.
//
// A session moves open → closing → closed, or open → expired; each step is a
// compare-and-set on its catalogue row. What has arrived is recorded by the
// blobs themselves: Append writes one durable blob whose name carries session,
// index, length and CRC, and no database row. Finalize lists the blobs, picks
// one for each index and writes their names into the media row; no byte is
// copied.
//
// It decides nothing about processing or viewers. On disk (or in the bucket):
// segments/<media>/<index>-<length>-<crc>-<random>, removed by Sweep once the
// session has ended and nothing names them.
package upload
