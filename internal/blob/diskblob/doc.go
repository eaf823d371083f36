// Package diskblob keeps blobs as files below one folder of a local disk. It is
// the default driver, and it knows nothing of what the bytes are.
//
// On disk, below the root:
//
//	tmp/<number>                        an upload in progress
//	<first>/<xx>/<second>/…/<last>      a blob of two or more elements
//	<only>                              a blob of one element
//	<first>/<xx>/<second>/_<n>.pack     small blobs of three elements or more
//
// <xx> is the low byte, in hexadecimal, of the CRC-32C of the key's second
// element: the key segments/1146654567674912769/a is the file
// segments/22/1146654567674912769/a. A root with millions of media so has
// folders of thousands, everything of one media lies in one folder, and a key
// can be read back from its path. Files that no key leads to (lost+found, a
// file moved by hand) are neither listed nor touched.
//
// A blob is written to tmp, made durable there, and only then renamed to its
// place, so that a name never leads to part of a blob. What a crash leaves in
// tmp the next Open removes. Empty folders below <xx> go with their last blob;
// a crash may leave one behind, which costs nothing.
//
// With Options.Small, small blobs whose keys have three elements or more lie one behind
// the other in packs (record.go says how), those of the same first two together: a
// file of its own costs a small blob more than its bytes do. One is gathered in memory
// and written when it is committed, with others that are committed there just then: one write and
// one sync for all, and the folder's only with a new pack. A pack is written to by the
// process that made it, up to 64 MiB, and never where anything was acknowledged.
// What a crash left torn at its end is found by checksums and never shown; a pack
// that was closed, or looked through after a crash, has the mode 0700 and is not
// looked through again. A blob that is deleted is marked in its record; the pack goes
// with its last. A record whose header was damaged hides those behind it.
//
// Its limits: no element may be "tmp" where it is a key's first, and a key that
// is another's folder (a/b beside a/b/c) cannot be stored beside it. One
// process at a time writes to a root; keeping others out is the caller's
// affair. Linux only.
package diskblob
