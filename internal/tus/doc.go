// Package tus speaks the tus resumable upload protocol, version 1.0, with the
// extensions creation, creation-with-upload, creation-defer-length, expiration,
// checksum, termination and concatenation (https://tus.io/protocols/resumable-upload):
// one file for each kind of request, each a thin translation between the wire and
// upload.Sessions. An upload's id is that of the media it becomes.
//
// There are no locks: a PATCH that is overtaken is told so by 409 when it comes to
// keep its bytes. It keeps nothing on disk.
package tus
