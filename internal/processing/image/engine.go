package image

import (
	"context"
	"fmt"
	std "image"
	"runtime"

	"golang.org/x/sync/semaphore"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// Config is what an Engine is made with. The zero value is the default profile.
type Config struct {
	// Limits bounds the pixels of a picture. The zero value means
	// media.DefaultLimits.
	Limits media.Limits

	// JPEGQuality is that of the sizes that are written as JPEG, 1–100.
	// 0 means 85.
	JPEGQuality int

	// Memory is how many bytes all pictures that are being decoded at one time
	// may take together. Others wait their turn; one that would need more than
	// all of it is refused. 0 means 1 GiB, enough for 100 million pixels of most
	// kinds.
	Memory int64
}

// workspace is the most that a picture takes beside its decoded pixels: the
// window on the original, the sizes, one of them while it is turned, and a file
// being written.
const workspace = 64 << 20

// Engine makes the sizes of still pictures. It may be used from many
// goroutines.
type Engine struct {
	limits  media.Limits
	quality int
	memory  int64
	free    *semaphore.Weighted // of memory
	turns   *semaphore.Weighted // as many as processors
	pools   pools
}

var _ processing.Engine = (*Engine)(nil)

// New makes an Engine.
func New(c Config) *Engine {
	if c.Limits == (media.Limits{}) {
		c.Limits = media.DefaultLimits()
	}
	if c.JPEGQuality == 0 {
		c.JPEGQuality = 85
	}
	if c.Memory == 0 {
		c.Memory = 1 << 30
	}
	return &Engine{
		limits:  c.Limits,
		quality: min(100, max(1, c.JPEGQuality)),
		memory:  c.Memory,
		free:    semaphore.NewWeighted(c.Memory),
		turns:   semaphore.NewWeighted(int64(max(2, runtime.GOMAXPROCS(0)))),
	}
}

// Process makes thumb (150×150 out of the middle), small (within 680×680),
// medium (1200) and large (2048) and saves them under these names with .jpg, or
// with .png where pixels of the picture are transparent. Sizes that show the same
// are one file. Beside them it saves
// orig, the whole picture: of JPEG, PNG, WebP and GIF files copied without loss
// in their own format, or encoded again, as .jpg or .png, if it must be turned;
// of others as .png. All five always exist; none is larger than the picture. The
// Outcome's width and height are those of the picture turned upright, and its
// Placeholder is that of small.
//
// It reads only in.Media.Category, in.Media.Type, in.Original and in.Size.
func (e *Engine) Process(ctx context.Context, in processing.Input, out processing.Output) (media.Outcome, error) {
	src := e.pools.open(ctx, in.Original, in.Size)
	defer e.pools.close(src)
	head, err := guard(src, func() (header, error) { return probe(src, in.Media.Type) })
	if err != nil {
		return media.Outcome{}, err
	}
	if err := e.check(head, e.limits.Of(in.Media.Category, in.Media.Type), in.Size); err != nil {
		return media.Outcome{}, err
	}
	out.Progress(5)

	// More at a time would be no faster. Whoever has had a turn and waits for the
	// disk is not among them.
	if err := e.turns.Acquire(ctx, 1); err != nil {
		return media.Outcome{}, err
	}
	defer e.turns.Release(1)
	need := head.memory + workspace
	if err := e.free.Acquire(ctx, need); err != nil {
		return media.Outcome{}, err
	}
	defer e.free.Release(need)

	pictures, all, how, err := e.make(ctx, src, head)
	if err != nil {
		return media.Outcome{}, err
	}
	out.Progress(50)
	if err := e.saveWhole(ctx, src, all, out); err != nil {
		return media.Outcome{}, err
	}
	out.Progress(60)

	for i, p := range pictures {
		if err := e.save(ctx, p, how, out); err != nil {
			return media.Outcome{}, err
		}
		out.Progress(60 + 40*(i+1)/len(pictures))
	}
	width, height := head.orientation.upright(head.width, head.height)
	return media.Outcome{Width: width, Height: height, Placeholder: placeholder(pictures)}, nil
}

// placeholder is that of the smallest size which shows the whole picture.
func placeholder(pictures []picture) string {
	var whole std.Image
	for _, p := range pictures {
		if !p.size.crop {
			whole = p.img
		}
	}
	return processing.Placeholder(whole)
}

// check holds a header against the limits and the length of the file.
func (e *Engine) check(head header, limit media.Limit, size int64) error {
	if err := limit.CheckPixels("An image", head.width, head.height); err != nil {
		return err
	}
	width, height := head.orientation.upright(head.width, head.height)
	if err := limit.Check(media.Form{Width: width, Height: height}); err != nil {
		return err
	}
	if size < head.least {
		return cutShort()
	}
	if head.memory > e.memory-workspace {
		return unreadable("Decoding this image of %d×%d pixels would take %d MB of memory; %d MB may be used",
			head.width, head.height, head.memory>>20, (e.memory-workspace)>>20)
	}
	return nil
}

// make decodes the picture, renders its sizes, plans its full size and says how
// to write them. The decoded pixels are let go of when it returns, unless the
// plan needs them.
func (e *Engine) make(ctx context.Context, src *source, head header) ([]picture, whole, encoding, error) {
	f, err := guard(src, head.decode)
	if err != nil {
		return nil, whole{}, encoding{}, err
	}
	pictures, err := render(ctx, f, head.orientation)
	if err != nil {
		return nil, whole{}, encoding{}, err
	}
	return pictures, head.whole(f, &e.pools), encoding{pools: &e.pools, quality: e.quality, alpha: !f.opaque, profile: head.profile}, nil
}

// save encodes one size and stores it.
func (e *Engine) save(ctx context.Context, p picture, how encoding, out processing.Output) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := p.size.name + how.suffix()
	var also []string
	for _, s := range p.also {
		also = append(also, s.name+how.suffix())
	}
	file := e.pools.file()
	defer e.pools.letGo(file)
	if err := how.encode(file, p.img); err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	b := p.img.Bounds()
	r := media.Rendition{
		Role: media.RoleImage, Name: name, ContentType: how.contentType(),
		Width: b.Dx(), Height: b.Dy(),
	}
	if err := out.Save(ctx, r, file, also...); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}

// guard runs a step that reads an untrusted file. A panic in it is the file's
// fault; it stands in the error, for the log, behind words for the uploader. A
// fault of the source comes first, whatever the step made of it.
func guard[T any](src *source, step func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decoder panicked: %v: %w", p, damaged("its data is damaged"))
		}
		if src.fault != nil {
			err = src.fault
		}
	}()
	return step()
}
