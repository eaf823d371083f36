// Package blobtest holds what tests need of blob: Run, the suite that says what
// a blob.Driver is and that every driver passes, and Memory, a driver for other
// rooms' tests that can crash and misbehave on request.
//
// A driver joins with
//
//	func TestDriver(t *testing.T) {
//		blobtest.Run(t, func(t *testing.T) blob.Driver { … })
//	}
//
// Nothing here lands on disk, and no program imports it.
package blobtest
