package media

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What X states no limit for has magpie's own, so that one request cannot
// store without end.
const (
	maxAltText       = 1000 // characters; X's
	maxProvider      = 8    // characters; X's
	maxOriginID      = 24   // characters; X's
	maxStickers      = 25   // X's
	maxStickerID     = 100  // characters
	maxUploadSource  = 100  // characters
	maxDomains       = 100
	maxSubscriptions = 100
	maxCountries     = 26 * 26 // there are no more codes
)

// ParseMetadata checks the groups of a metadata request, still as the client
// sent them. set holds the canonical JSON of each group to store, which is
// also what an answer shows; cleared names, in order, those sent as null. An
// error is a *Error with CodeInvalid whose Field is the member at fault, such
// as metadata.alt_text.text, and whose Value is the JSON that was sent there;
// then nothing of the request counts.
func ParseMetadata(raw map[string]json.RawMessage) (set map[string]string, cleared []string, err error) {
	names := make([]string, 0, len(raw))
	for name := range raw {
		names = append(names, name)
	}
	slices.Sort(names)
	set = make(map[string]string)
	for _, name := range names {
		value := bytes.TrimSpace(raw[name])
		path := "metadata." + name
		if !slices.Contains(Groups(), name) {
			return nil, nil, fault(path, value, "is not defined in the schema and the schema does not allow additional properties; the groups are %s", joinNames(Groups()))
		}
		if !json.Valid(value) {
			return nil, nil, fault(path, value, "is not valid JSON")
		}
		if string(value) == "null" {
			cleared = append(cleared, name)
			continue
		}
		group, wrong := parseGroup(name, readObject(path, value))
		if wrong != nil {
			return nil, nil, wrong
		}
		stored, err := canonical(group)
		if err != nil {
			return nil, nil, fmt.Errorf("encode metadata group %s: %w", name, err)
		}
		set[name] = stored
	}
	return set, cleared, nil
}

// canonical is the stored form of a group: compact, members in a fixed order,
// text not escaped more than JSON needs.
func canonical(group any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(group)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func parseGroup(name string, o *object) (any, *Error) {
	var group any
	switch name {
	case "allow_download_status":
		group = AllowDownload{Allow: o.textualBool("allow_download")}
	case "alt_text":
		group = AltText{Text: o.text("text", maxAltText)}
	case "audience_policy":
		group = AudiencePolicy{
			CreatorSubscriptions: o.texts("creator_subscriptions", maxSubscriptions, checkSubscription),
			XSubscriptions:       o.texts("x_subscriptions", maxSubscriptions, checkSubscription),
		}
	case "content_expiration":
		group = ContentExpiration{TimestampSec: o.seconds("timestamp_sec")}
	case "domain_restrictions":
		o.require("whitelist")
		group = DomainRestrictions{Whitelist: o.texts("whitelist", maxDomains, checkHost)}
	case "found_media_origin":
		group = FoundMediaOrigin{Provider: o.text("provider", maxProvider), ID: o.text("id", maxOriginID)}
	case "geo_restrictions":
		group = GeoRestrictions{
			Blacklisted: o.texts("blacklisted_country_codes", maxCountries, checkCountry),
			Whitelisted: o.texts("whitelisted_country_codes", maxCountries, checkCountry),
		}
	case "management_info":
		o.require("managed")
		group = ManagementInfo{Managed: o.bool("managed")}
	case "preview_image":
		group = parsePreview(o)
	case "sensitive_media_warning":
		group = SensitiveMediaWarning{
			AdultContent:    o.bool("adult_content"),
			GraphicViolence: o.bool("graphic_violence"),
			Other:           o.bool("other"),
		}
	case "shared_info":
		o.require("shared")
		group = SharedInfo{Shared: o.bool("shared")}
	case "sticker_info":
		group = parseStickers(o)
	case "upload_source":
		group = parseSource(o)
	}
	return group, o.done()
}

func parsePreview(o *object) PreviewImage {
	o.require("media_key")
	p := PreviewImage{MediaKey: PreviewMedia{Category: "TweetImage"}}
	o.child("media_key", func(k *object) {
		p.MediaKey.Media = k.id("media")
		if k.has("media_category") && k.text("media_category", maxAltText) != p.MediaKey.Category {
			k.fail("media_category", `does not have a value in the enumeration ["TweetImage"]`)
		}
	})
	return p
}

func parseStickers(o *object) StickerInfo {
	o.require("stickers")
	info := StickerInfo{Stickers: []Sticker{}}
	o.children("stickers", maxStickers, func(s *object) {
		sticker := Sticker{
			AspectRatio:            s.number("aspect_ratio"),
			GroupAnnotationID:      s.long("group_annotation_id"),
			StickerSetAnnotationID: s.long("sticker_set_annotation_id"),
			TransformA:             s.number("transform_a"),
			TransformB:             s.number("transform_b"),
			TransformC:             s.number("transform_c"),
			TransformD:             s.number("transform_d"),
			TransformTX:            s.number("transform_tx"),
			TransformTY:            s.number("transform_ty"),
		}
		if s.has("id") {
			sticker.ID = s.text("id", maxStickerID)
		}
		info.Stickers = append(info.Stickers, sticker)
	})
	if o.first == nil && len(info.Stickers) == 0 {
		o.fail("stickers", "must have from 1 to %d items; null in place of sticker_info takes all stickers away", maxStickers)
	}
	return info
}

// parseSource also takes the member name of February 2025, text.
func parseSource(o *object) UploadSource {
	name := "upload_source"
	if !o.has(name) && o.has("text") {
		name = "text"
	} else if o.has("text") {
		o.fail("text", "is the older name of upload_source; send only one of them")
	}
	return UploadSource{UploadSource: o.text(name, maxUploadSource)}
}

func checkSubscription(s string) (string, string) {
	if s == "Any" {
		return s, ""
	}
	return "", `does not have a value in the enumeration ["Any"]`
}

var countryPattern = regexp.MustCompile(`^[a-zA-Z]{2}$`)

func checkCountry(s string) (string, string) {
	if countryPattern.MatchString(s) {
		return s, ""
	}
	return "", "does not match the regex pattern ^[a-zA-Z]{2}$; a country is two letters, such as US"
}

var hostPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkHost(s string) (string, string) {
	host := strings.ToLower(strings.TrimSuffix(s, "."))
	if len(host) <= 253 && hostPattern.MatchString(host) {
		return host, ""
	}
	return "", "is not a host name; send the bare name, such as www.example.com, " +
		"without scheme, port, path or wildcard, and international names in their xn-- form"
}
