// Package diskblob keeps blobs as files below one folder of a local disk. It is
// the default driver, and it knows nothing of what the bytes are.
//
// On disk, below the root:
//
//	tmp/<number>                        an upload in progress
//	<first>/<xx>/<second>/…/<last>      a blob of two or more elements
//	<only>                              a blob of one element
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
// Its limits: no element may be "tmp" where it is a key's first, and a key that
// is another's folder (a/b beside a/b/c) cannot be stored beside it. One
// process at a time writes to a root; keeping others out is the caller's
// affair. Linux only.
package diskblob
