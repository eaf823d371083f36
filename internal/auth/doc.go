// Package auth says who is asking: it turns the credentials of a request into
// an Identity with a user and scopes. A Gate takes opaque tokens of magpie's
// own (Tokens), requests signed by OAuth 1.0a (Signatures), and the JWTs of an
// OpenID Connect issuer (Issuer). Accounts are the people who sign in with a
// password, Clients the apps that they let act for them, and Consents what they
// let them do, with the codes and tokens that this gives.
//
// Of what need not be read again, the catalogue has a SHA-256 (tokens, clients'
// secrets) or an argon2id hash (passwords). The secrets that signatures are
// checked with are sealed there under the key file (Keys). A signed form longer
// than 64 KiB waits in the scratch folder, in a file without a name.
//
// It decides nothing about single media and writes no answers.
package auth
