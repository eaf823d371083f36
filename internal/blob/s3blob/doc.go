// Package s3blob keeps blobs as objects in a bucket of any store that speaks
// S3. A blob's key, behind the prefix that Address names, is its object's.
//
// A blob on its way in is a file without a name below Options.Spool, until its
// key is known and it is sent with one PUT, whose length and checksum stand in its
// head, so that the PUT can be tried again. Where the key is known from the start
// (blob.Keyed) a long blob goes as a multipart upload while it comes in, and no
// more of it is on the local disk than a part or two. Nothing local outlasts
// the process.
//
// What is tried again, for how long, and when it is not even tried, is all in
// line.go: errors of an endpoint that is away or overloaded are media.CodeBusy.
//
// What the store must do: strong consistency (a PUT that was answered is read and
// listed by all), listings in the order of the keys, and range requests. Since
// keys are never used twice no object is ever written over; where the store knows
// If-None-Match it sees to that too.
//
// A PUT whose answer was lost may take effect at any time after it was given up.
// The driver then deletes its key, at once or as soon as the endpoint is back; if
// it can't, the object is one that no row names, and is swept. Parts that a
// process left behind when it was killed are removed by the next, a day later.
package s3blob
