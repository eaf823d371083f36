// Package diskblob keeps blobs as files below one folder of a local disk. It is
// the default driver, and it knows nothing of what the bytes are.
//
// On disk, below the root:
//
//	tmp/<number>                        an upload in progress
//	<first>/<xx>/<second>/…/<last>      a blob of two or more elements
//	<only>                              a blob of one element
//	_packs/<xx>/<stretch>/_<n>.pack     small blobs of three elements or more
//	<first>/<xx>/<second>/_<n>.pack     likewise
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
// the other in packs (record.go says how): a file of its own costs a small blob more than
// its bytes do, and so does a folder of its own. Where the second element is a number,
// those share packs whose numbers agree in all but the low 30 bits, the stretch: of
// media whose ids count time, what came within a quarter of one. So the folder, the file and the
// syncs of all that are stored at once are shared, and a blob is found from its key alone. Where
// it is no number, and beyond 8,192 blobs of a stretch, those of the same first two elements
// share packs in these elements' folder.
//
// A small blob is gathered in memory and written when it is committed, with others that
// are committed there just then: one write and one sync for all, and the folder's only with
// a new pack. A pack is written to by the process that made it, up to 64 MiB, and never
// where anything was acknowledged; when more than a mebibyte waits for one, a second is. One
// that has a mebibyte has its place on disk that far ahead; a crash may leave that taken until
// the pack is looked through. What a crash left torn at its end is found by checksums and
// never shown; a pack that was closed, or looked through after a crash, has the mode 0700 and
// its bytes are not looked through again. What lies in a pack is remembered while it is
// written, and read through, header by header, where it was forgotten.
//
// A blob that is deleted is punched out of its pack, once those who read it are done; where
// the filesystem can't, it is marked; the pack goes with its last. A header that was damaged
// hides its own blob and no other: the next is looked for, at every 4 KiB, by the pack's
// random number <n>, which nobody can know who sends bytes. What such a pack has left stays on
// disk, for whoever wants to mend it. One that the disk can't give back hides no other either;
// but who looks for what is not found then, or lists or deletes there, has the error.
//
// Packs of the old kind, _1.pack and so on in the folders of the first two elements, are read
// and deleted from. In these a damaged header hides what is behind it, and a blob that is
// deleted is marked.
//
// Its limits: no element may be "tmp" where it is a key's first, and a key that
// is another's folder (a/b beside a/b/c) cannot be stored beside it. One
// process at a time writes to a root; keeping others out is the caller's
// affair. Linux only.
package diskblob
