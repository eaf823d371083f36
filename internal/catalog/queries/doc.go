// Package queries is the catalogue's SQL and the Go that sqlc makes of it
// (go generate, see sqlc.yaml one folder up). Only lists.go is written by
// hand. It knows rows, not media: catalog turns the one into the other.
package queries

//go:generate go tool -modfile=../../../tools/go.mod sqlc generate -f ../sqlc.yaml
