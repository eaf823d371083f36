// Package policy says whether a viewer may see a media now. Decide holds what
// the uploader set (media.Metadata) against what is known of the viewer; a
// Keyring signs and reads the Tickets by which viewers show what they may.
//
// It is pure: no clock, no network, no store. Whoever asks brings the time, the
// viewer's country and address, and the keys. Nothing of it lands on disk.
package policy
