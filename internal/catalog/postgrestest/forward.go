package postgrestest

import (
	"io"
	"net"
	"sync"
)

// Forward takes connections at a TCP address, such as 127.0.0.1:0, and passes them
// on to the server, which itself listens on a socket in the file system only. seen,
// unless it is nil, is handed what clients send, as it comes, each connection to a
// watcher of its own. stop ends it, and all connections.
func (s *Server) Forward(address string, seen func() io.Writer) (at string, stop func(), err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, err
	}
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", s.Socket())
			if err != nil {
				_ = client.Close()
				continue
			}
			mu.Lock()
			open[client], open[server] = true, true
			mu.Unlock()
			both := func() { _, _ = client.Close(), server.Close() }
			var from io.Reader = client
			if seen != nil {
				from = io.TeeReader(client, seen())
			}
			all.Go(func() { _, _ = io.Copy(server, from); both() })
			all.Go(func() { _, _ = io.Copy(client, server); both() })
		}
	})
	return listener.Addr().String(), func() {
		_ = listener.Close()
		mu.Lock()
		for c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		all.Wait()
	}, nil
}
