// Package oauth is the edge at which users let clients act for them: X's
// OAuth 2 endpoints, one file for each, and the two pages that a person sees,
// to sign in and to allow or deny (RFC 6749, 7636, 7009, 9700).
//
// It holds no rules about codes, tokens and passwords, which are auth's, and
// keeps nothing: a browser has one cookie, whose secret is a sign-in's or, as
// long as nobody has signed in, nothing but what its forms are bound to.
package oauth
