// Package delivery sends bytes out: renditions to viewers by their URLs, and
// originals to their owners, with ranges and conditional requests, from disk by
// the kernel where it can.
//
// Every request for a rendition is put before policy.Decide, with what the
// uploader set on the media (at most a second old) and what is known of the
// viewer. Where a viewer brings a ticket, the playlists that they get carry it to
// every file. Handout makes the URLs that answers give to users.
//
// It makes no renditions, keeps nothing on disk, and knows no credentials: who is
// signed in, the one who wires it says.
package delivery
