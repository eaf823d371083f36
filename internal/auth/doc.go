// Package auth says who is asking: it turns the credentials of a request into
// an Identity with a user and scopes. Tokens are opaque and random; the
// catalogue keeps only their SHA-256.
//
// It decides nothing about single media and writes no answers.
package auth
