// Package ownapi is magpie's own surface, under /magpie/v1: what X has no call
// for. It translates between the wire and the rooms below, and keeps nothing on
// disk.
package ownapi
