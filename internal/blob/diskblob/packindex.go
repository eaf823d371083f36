package diskblob

import (
	"strings"
	"sync/atomic"
	"time"

	"magpie/internal/blob"
)

// packIndex says where the blobs of a shelf's packs lie, as far as these were read or
// written. It is used under the packer's mutex.
type packIndex struct {
	packs map[string]*pack   // by name
	blobs map[string]*inPack // by key
	media map[string]*inPack // by a key's first two elements: one of them, before are the others
	held  atomic.Int64       // how many blobs: for those without the mutex

	listed  bool // nobody but this process adds a pack to those that are known
	certain bool // and their names are on stable storage
}

// inPack is a blob in a pack.
type inPack struct {
	key           string
	pack          *pack
	at            int64 // of the record
	size          int32
	modified      int64
	before, after *inPack // of the same media
}

// packed is where a blob is.
type packed struct {
	pack     *pack
	at       int64 // of the record
	data     int64 // of the bytes
	size     int64
	modified time.Time
}

func (p packed) info(key string) blob.Info {
	return blob.Info{Key: key, Size: p.size, Modified: p.modified}
}

// next is where the next record begins.
func (p packed) next() int64 { return (p.data + p.size + recordAlign - 1) &^ (recordAlign - 1) }

func (b *inPack) packed() packed {
	return packed{
		pack: b.pack, at: b.at, data: b.at + int64(b.pack.format.head()+len(b.key)),
		size: int64(b.size), modified: time.Unix(0, b.modified),
	}
}

// note adds a pack.
func (x *packIndex) note(p *pack) {
	if x.packs == nil {
		x.packs, x.blobs, x.media = map[string]*pack{}, map[string]*inPack{}, map[string]*inPack{}
	}
	x.packs[p.name] = p
}

// add adds a blob to a pack that is noted. One that is there already is no other.
func (x *packIndex) add(p *pack, r record) {
	if known := x.blobs[r.key]; known != nil {
		if known.pack == p && known.at == r.at {
			return
		}
		x.cut(known) // somebody stored it again; on disk it lives
	}
	b := &inPack{key: r.key, pack: p, at: r.at, size: int32(r.size), modified: r.modified.UnixNano()}
	x.tie(b)
	p.live++
}

// addLive adds those of some records of a pack that were not deleted.
func (x *packIndex) addLive(p *pack, all []record) {
	for _, r := range all {
		if !r.dead {
			x.add(p, r)
		}
	}
}

// tie puts a blob among the others.
func (x *packIndex) tie(b *inPack) {
	x.blobs[b.key] = b
	prefix, _ := splitKey(b.key)
	if b.before = x.media[prefix]; b.before != nil {
		b.before.after = b
	}
	x.media[prefix] = b
	x.held.Add(1)
}

// cut takes a blob out.
func (x *packIndex) cut(b *inPack) {
	delete(x.blobs, b.key)
	if b.before != nil {
		b.before.after = b.after
	}
	switch prefix, _ := splitKey(b.key); {
	case b.after != nil:
		b.after.before = b.before
	case b.before != nil:
		x.media[prefix] = b.before
	default:
		delete(x.media, prefix)
	}
	b.before, b.after = nil, nil
	x.held.Add(-1)
}

// drop forgets a pack that is gone.
func (x *packIndex) drop(p *pack) {
	if p.live > 0 {
		for _, b := range x.blobs {
			if b.pack == p {
				x.cut(b)
			}
		}
	}
	delete(x.packs, p.name)
}

// below gives the blobs whose keys begin with prefix, those of a media together: who
// lists many looks at one media after the other.
func (x *packIndex) below(prefix string) []blob.Info {
	if strings.Count(prefix, "/") >= 2 {
		media, _ := splitKey(prefix)
		return appendBelow(nil, x.media[media], prefix)
	}
	var all []blob.Info
	for media, last := range x.media {
		if strings.HasPrefix(media, prefix) {
			all = appendBelow(all, last, prefix)
		}
	}
	return all
}

// appendBelow appends those of one media.
func appendBelow(all []blob.Info, last *inPack, prefix string) []blob.Info {
	for b := last; b != nil; b = b.before {
		if strings.HasPrefix(b.key, prefix) {
			all = append(all, b.packed().info(b.key))
		}
	}
	return all
}
