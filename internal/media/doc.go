// Package media is magpie's vocabulary: what an upload, a segment, a blob, a
// media and a rendition are, the rules that need nothing but their own fields,
// and the errors that a client may read. It imports only the standard library,
// touches no disk, no database and no network, and says nothing about HTTP.
//
// The words, one meaning each:
//
//   - session: an upload between initialize and finalize; it has the id that
//     the media will have.
//   - segment: one appended piece of a session, at a segment_index 0–999.
//   - blob: stored bytes under a name that is never used twice.
//   - manifest: the ordered blobs that together are one file.
//   - media: a finalized upload.
//   - rendition: a file that processing made from it; a variant is a rendition
//     that X's API lists as playable.
//   - attempt: one run of processing; only the newest may publish.
package media
