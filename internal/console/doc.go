// Package console serves the web console at /console: the files that Vite makes
// of web/, which are part of the binary, and the sign-in that its pages go by.
//
// A session is a cookie, whose secret auth knows the hash of: its access tokens
// are asked for at POST /console/session, and nothing of it is kept here.
//
// The room knows nothing of media. The pages call the API as any client does,
// with access tokens; what brings those is a cookie that scripts can't read.
package console
