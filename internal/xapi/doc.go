// Package xapi speaks X's media API, version 2: one file per endpoint, each a
// thin translation between the wire and the rooms below. It accepts widely and
// answers strictly; problem.go alone turns errors into X's shapes and statuses.
//
// It holds no rules about uploads, media or bytes, and keeps nothing on disk.
package xapi
