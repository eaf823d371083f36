// Package xapi speaks X's media API, versions 2 and 1.1: one file per endpoint,
// each a thin translation between the wire and the rooms below. It accepts widely
// and answers strictly; problem.go and, for version 1.1, v1_problem.go alone turn
// errors into X's shapes and statuses.
//
// It holds no rules about uploads, media or bytes, and keeps nothing on disk.
package xapi
