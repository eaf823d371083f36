package media

import (
	"strconv"
	"strings"
)

// Category is X's name for what a media is for. It decides the limits, the
// number in the media key, and which types may go with it. The zero value
// means that nobody has said yet.
type Category string

// X's eight categories, and magpie's own for 3D models, which X has a type for
// but no category.
const (
	TweetImage   Category = "tweet_image"
	TweetVideo   Category = "tweet_video"
	TweetGIF     Category = "tweet_gif"
	AmplifyVideo Category = "amplify_video"
	DMImage      Category = "dm_image"
	DMVideo      Category = "dm_video"
	DMGIF        Category = "dm_gif"
	Subtitles    Category = "subtitles"
	Model        Category = "model"
)

// Categories lists X's eight, in the order the contract does.
func Categories() []Category {
	return []Category{AmplifyVideo, TweetGIF, TweetImage, TweetVideo, DMGIF, DMImage, DMVideo, Subtitles}
}

// Kind is how magpie treats a media: which steps process it and what a lookup
// calls it.
type Kind string

// The kinds.
const (
	KindImage    Kind = "image"
	KindVideo    Kind = "video"
	KindGIF      Kind = "gif"
	KindSubtitle Kind = "subtitle"
	KindModel    Kind = "model"
)

type categoryFacts struct {
	number int // before the underscore of a media key
	kind   Kind
}

// 3, 7, 13 and 16 are X's. X publishes none for the others, so they are
// magpie's own, above any X is known to use.
func (c Category) facts() (categoryFacts, bool) {
	switch c {
	case TweetImage:
		return categoryFacts{3, KindImage}, true
	case TweetVideo:
		return categoryFacts{7, KindVideo}, true
	case AmplifyVideo:
		return categoryFacts{13, KindVideo}, true
	case TweetGIF:
		return categoryFacts{16, KindGIF}, true
	case DMImage:
		return categoryFacts{1003, KindImage}, true
	case DMVideo:
		return categoryFacts{1007, KindVideo}, true
	case DMGIF:
		return categoryFacts{1016, KindGIF}, true
	case Subtitles:
		return categoryFacts{1020, KindSubtitle}, true
	case Model:
		return categoryFacts{1021, KindModel}, true
	}
	return categoryFacts{}, false
}

// Kind is what media of this category are; "" for the zero category.
func (c Category) Kind() Kind {
	f, _ := c.facts()
	return f.kind
}

// ParseCategory reads one of X's eight category names, in any of the spellings
// that X takes: tweet_video, TWEET_VIDEO, TweetVideo, tweetvideo.
func ParseCategory(s string) (Category, error) {
	for _, c := range Categories() {
		joined := strings.ReplaceAll(string(c), "_", "")
		if spells(s, string(c)) || spells(s, joined) {
			return c, nil
		}
	}
	e := Invalid("media_category", "is not one of %s", joinNames(Categories()))
	e.Value = s
	return "", e
}

// spells reports whether s is name in any letter case. Other letters that are
// lowered to ASCII have more bytes.
func spells(s, name string) bool {
	return len(s) == len(name) && strings.ToLower(s) == name
}

// Key is X's media_key: the category's number, an underscore, the media id.
// Its zero value is no key.
type Key string

// KeyOf gives the key of a media, or "" while its category is not known.
func KeyOf(c Category, id ID) Key {
	f, ok := c.facts()
	if !ok {
		return ""
	}
	return Key(strconv.Itoa(f.number) + "_" + id.String())
}

// ParseKey reads a media key (^[0-9]+_[0-9]+$) and gives the id in it. Whether
// the number before it is that media's can only be told with the media at hand:
// compare with KeyOf.
func ParseKey(s string) (ID, error) {
	number, rest, found := strings.Cut(s, "_")
	if found && isDigits(number, 10) {
		if id, err := ParseID(rest); err == nil {
			return id, nil
		}
	}
	e := Invalid("media_key", "A media key is a category number, an underscore and a media id, such as 7_1146654567674912769.")
	e.Value = s
	return 0, e
}

func joinNames[T ~string](names []T) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(n))
	}
	return "[" + b.String() + "]"
}
