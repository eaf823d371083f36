package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/diskblob"
	"magpie/internal/blob/s3blob"
)

// blobsFlag says where the bytes of media are kept.
type blobsFlag struct {
	Blobs string `env:"MAGPIE_BLOBS" placeholder:"URL" help:"Where the bytes of media are kept: s3://bucket/prefix?endpoint=https://host:port&region=NAME. Default: blobs in the data folder."`
}

// spoolFlag is how much of the local disk bytes may take up that are on their
// way to a bucket.
type spoolFlag struct {
	Spool size `name:"s3-spool" default:"1GiB" env:"MAGPIE_S3_SPOOL" placeholder:"SIZE" help:"Disk space below the data folder that uploads and renditions may take up on their way to S3."`
}

// deliveryFlag says whether viewers read from a bucket themselves.
type deliveryFlag struct {
	Delivery string `name:"s3-delivery" default:"proxy" env:"MAGPIE_S3_DELIVERY" help:"How viewers get bytes that are in a bucket: proxy, from this server; or redirect, from the bucket by a signed URL where nothing restricts the media."`
}

// check refuses what is no way, and a redirect without a bucket.
func (f deliveryFlag) check(wrong func(name, format string, args ...any), blobs string) {
	switch {
	case f.Delivery != "proxy" && f.Delivery != "redirect":
		wrong("s3-delivery", "%q is not one of proxy, redirect", f.Delivery)
	case f.Delivery == "redirect" && blobs == "":
		wrong("s3-delivery", "there is no bucket to redirect to without --blobs s3://…")
	}
}

// redirects reports whether viewers are sent to the bucket.
func (f deliveryFlag) redirects() bool { return f.Delivery == "redirect" }

// check refuses an address that can't be read. It has no secrets: those are in
// the environment or in files.
func (f blobsFlag) check(wrong func(name, format string, args ...any)) {
	if f.Blobs == "" {
		return
	}
	if _, err := s3blob.ParseAddress(f.Blobs); err != nil {
		wrong("blobs", "%s", err)
	}
}

// check refuses a spool in which not even one upload has room.
func (f spoolFlag) check(wrong func(name, format string, args ...any), maxSegment int64) {
	if least := size(max(maxSegment, 64<<20)); f.Spool < least {
		wrong("s3-spool", "%s is less than one segment or four parts of a rendition need, %s", f.Spool, least)
	}
}

// blobPlace is where blobs are and how they are used.
type blobPlace struct {
	blobsFlag
	data     string // the data folder
	reserve  size   // of its disk
	spool    size
	readOnly bool
	env      func(string) string
	log      *slog.Logger
}

// open opens the store. Only here are drivers named.
func (p blobPlace) open() (*blob.Store, error) {
	d, err := p.driver()
	if err != nil {
		return nil, fmt.Errorf("open the blob store: %w", err)
	}
	return blob.New(d), nil
}

func (p blobPlace) driver() (blob.Driver, error) {
	if p.Blobs == "" {
		return diskblob.Open(filepath.Join(p.data, "blobs"), diskblob.Options{Reserve: int64(p.reserve), ReadOnly: p.readOnly, Small: diskblob.SmallMost, KeepOpen: keptOpen(openFiles())})
	}
	address, err := s3blob.ParseAddress(p.Blobs)
	if err != nil {
		return nil, fmt.Errorf("--blobs: %w", err)
	}
	return s3blob.Open(address, s3blob.Options{
		Spool: filepath.Join(p.data, "spool"), MaxSpool: int64(p.spool), ReadOnly: p.readOnly,
		Env: p.env, Now: time.Now, Log: p.log,
	})
}

// reachable says in words that the store can take blobs, or why not.
func (p blobPlace) reachable(ctx context.Context) (string, error) {
	store, err := p.open()
	if err != nil {
		return "", err
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := store.Ready(ctx); err != nil {
		return "", err
	}
	return p.Blobs + " answers", nil
}

// examine tries what the bucket can do: see s3blob.Driver.Examine.
func (p blobPlace) examine(ctx context.Context, name string) (s3blob.Examination, error) {
	d, err := p.driver()
	if err != nil {
		return s3blob.Examination{}, err
	}
	defer d.Close()
	bucket, ok := d.(*s3blob.Driver)
	if !ok {
		return s3blob.Examination{}, fmt.Errorf("%T is no bucket", d)
	}
	return bucket.Examine(ctx, name)
}
