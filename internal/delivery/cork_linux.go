package delivery

import "golang.org/x/sys/unix"

// corkSocket sets TCP_CORK (tcp(7)).
func corkSocket(fd int, on bool) bool {
	v := 0
	if on {
		v = 1
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_CORK, v) == nil
}
