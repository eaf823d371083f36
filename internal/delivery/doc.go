// Package delivery sends bytes out: renditions to viewers by their public URLs,
// and originals to their owners, with ranges and conditional requests, from
// disk by the kernel where it can.
//
// It makes no renditions, keeps nothing on disk, and does not know who a
// caller is: whoever routes a request to it has decided that.
package delivery
