// Package reference serves the API's reference: one page at /docs, made from
// api/openapi.yaml when it is first asked for, its style and its script, and the
// document itself as JSON. The page asks nobody but its own server, and its Content-Security-Policy
// keeps it from doing so. Without script it is all there but for "try it".
//
// Examples that the document does not have are put together from its schemas
// (example.go). The room knows nothing of what the server does.
package reference
