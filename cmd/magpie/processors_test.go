package main

import (
	"runtime"
	"testing"
)

func TestSparePlace(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	undo := sparePlace(func(string) string { return "" })
	if got := runtime.GOMAXPROCS(0); got != before+1 {
		t.Errorf("GOMAXPROCS is %d, it was %d", got, before)
	}
	undo()
	sparePlace(func(name string) string { return map[string]string{"GOMAXPROCS": "7"}[name] })()
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("GOMAXPROCS is %d in the end, it was %d", got, before)
	}
}
