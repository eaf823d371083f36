package delivery

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// countriesEvery is how often a database of countries is looked at for a newer
// one in its place.
const countriesEvery = time.Minute

// Countries tells the country of an address by a database in MaxMind's format,
// which has it under country.iso_code, as GeoIP2, GeoLite2 and DB-IP do. It is
// read whole, so that the file may be replaced or written over at any time;
// within a minute the new one is read, and until that works the old one stays.
// Its methods may be used from many goroutines.
type Countries struct {
	path string
	now  func() time.Time
	log  *slog.Logger

	db atomic.Pointer[maxminddb.Reader]

	mu      sync.Mutex // held by whoever looks for a newer file
	stamp   fileStamp  // of the file that was read last, right or wrong
	checked atomic.Int64
}

// fileStamp tells one content of a file from another.
type fileStamp struct {
	modified time.Time
	size     int64
}

// OpenCountries reads the database at path.
func OpenCountries(path string, now func() time.Time, log *slog.Logger) (*Countries, error) {
	c := &Countries{path: path, now: now, log: log}
	c.checked.Store(now().UnixNano())
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// Of gives the country of an address as two capital letters, or "" if it isn't
// known.
func (c *Countries) Of(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	c.refresh()
	var code string
	if err := c.db.Load().Lookup(address.Unmap().WithZone("")).DecodePath(&code, "country", "iso_code"); err != nil {
		return "" // an IPv6 address and a database of IPv4, for one
	}
	return countryCode(code)
}

// countryCode is a country's two letters, in capitals; "" for any other text,
// and for XX, which stands for unknown.
func countryCode(s string) string {
	s = strings.ToUpper(s)
	if len(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' || s == "XX" {
		return ""
	}
	return s
}

// refresh looks once in a while whether the file is another. Meanwhile others go
// on with what there is.
func (c *Countries) refresh() {
	now := c.now()
	if now.Sub(time.Unix(0, c.checked.Load())).Abs() < countriesEvery || !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	c.checked.Store(now.UnixNano())
	before := c.db.Load()
	if err := c.load(); err != nil {
		c.log.Warn("the database of countries was not read; the last one stays", "path", c.path, "err", err)
	} else if db := c.db.Load(); db != before {
		c.log.Info("read a new database of countries", "path", c.path, "built", db.Metadata.BuildTime())
	}
}

// load reads the file unless it is the one that was read last. The caller holds
// mu, or is alone.
func (c *Countries) load() error {
	info, err := os.Stat(c.path)
	if err != nil {
		return err
	}
	stamp := fileStamp{info.ModTime(), info.Size()}
	if stamp == c.stamp {
		return nil
	}
	b, err := os.ReadFile(c.path)
	if err != nil {
		return err
	}
	c.stamp = stamp
	db, err := maxminddb.OpenBytes(b)
	if err == nil && db.Metadata.NodeCount == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return fmt.Errorf("%s is not a database in MaxMind's format: %w", c.path, err)
	}
	c.db.Store(db)
	return nil
}
