//go:build !linux

package delivery

// corkSocket: this system has no corks.
func corkSocket(int, bool) bool { return false }
