package faultproxy

import "time"

// Fault is how one connection goes wrong. The zero value doesn't; of several
// faults each happens.
type Fault struct {
	Refuse bool   // closed as soon as it is accepted
	Hole   bool   // accepted, and then nothing passes and nothing ends
	Says   string // answered with these bytes by a server that reads on and does nothing

	CutUp      int64 // ends after so many bytes to the server; 0 for never
	CutDown    int64 // ends after so many bytes from the server; 0 for never
	LoseAnswer int   // ends instead of the server's answer of that number, from 1, the server having done what was asked; 0 for never

	Latency time.Duration // before each piece, either way
	Rate    int64         // bytes a second, each way; 0 for any
}

// Unavailable is a Fault.Says of an HTTP server that is overloaded.
const Unavailable = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
