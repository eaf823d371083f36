// Package api holds magpie's contract, openapi.yaml, and nothing else.
package api

import _ "embed"

// Document is openapi.yaml.
//
//go:embed openapi.yaml
var Document []byte
