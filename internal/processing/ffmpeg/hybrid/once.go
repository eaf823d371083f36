package hybrid

import (
	"fmt"
	"slices"
)

// readOnce says which boxes are read of those in another; readSamples looks after the
// rest of a table.
var readOnce = map[string][]string{
	"trak": {"tkhd", "edts", "mdia"},
	"edts": {"elst"},
	"mdia": {"mdhd", "hdlr", "minf"},
	"minf": {"dinf", "stbl"},
	"dinf": {"dref"},
	"stbl": {"stsd"},
}

// once refuses a box of a kind, with this content, in which one that is read comes
// twice: which of them holds, readers don't agree on.
func once(kind string, data []byte) error {
	if kind == "stsd" {
		if entries, err := children(data[min(8, len(data)):]); err != nil || len(entries) != 1 {
			return fmt.Errorf("%w: samples that are described %d times, %v", ErrOdd, len(entries), err)
		}
	}
	kinds := readOnce[kind]
	if kinds == nil {
		return nil
	}
	list, err := children(data)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, c := range list {
		if !slices.Contains(kinds, c.kind) {
			continue
		}
		if seen[c.kind] {
			return fmt.Errorf("%w: a second %s", ErrOdd, c.kind)
		}
		seen[c.kind] = true
		if err := once(c.kind, c.data); err != nil {
			return err
		}
	}
	return nil
}
