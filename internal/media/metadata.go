package media

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Metadata is what an uploader said about a media, in the thirteen groups of
// X's API. A nil group is not set. The JSON form is X's wire form, and each
// group is stored as that.
type Metadata struct {
	AllowDownload         *AllowDownload         `json:"allow_download_status,omitempty"`
	AltText               *AltText               `json:"alt_text,omitempty"`
	AudiencePolicy        *AudiencePolicy        `json:"audience_policy,omitempty"`
	ContentExpiration     *ContentExpiration     `json:"content_expiration,omitempty"`
	DomainRestrictions    *DomainRestrictions    `json:"domain_restrictions,omitempty"`
	FoundMediaOrigin      *FoundMediaOrigin      `json:"found_media_origin,omitempty"`
	GeoRestrictions       *GeoRestrictions       `json:"geo_restrictions,omitempty"`
	ManagementInfo        *ManagementInfo        `json:"management_info,omitempty"`
	PreviewImage          *PreviewImage          `json:"preview_image,omitempty"`
	SensitiveMediaWarning *SensitiveMediaWarning `json:"sensitive_media_warning,omitempty"`
	SharedInfo            *SharedInfo            `json:"shared_info,omitempty"`
	StickerInfo           *StickerInfo           `json:"sticker_info,omitempty"`
	UploadSource          *UploadSource          `json:"upload_source,omitempty"`
}

// AllowDownload says whether viewers may download the media. Allow is nil
// where the group was sent empty: then the server's default holds.
type AllowDownload struct {
	Allow *bool `json:"allow_download,omitempty"`
}

// AltText describes the media for screen readers, in at most 1000 characters.
type AltText struct {
	Text string `json:"text"`
}

// AudiencePolicy narrows who may watch: where a list holds "Any", subscribers
// of the creator, or of X. Neither list is nil, and an empty one asks nothing.
type AudiencePolicy struct {
	CreatorSubscriptions []string `json:"creator_subscriptions"`
	XSubscriptions       []string `json:"x_subscriptions"`
}

// ContentExpiration is when the media stops being shown, in seconds since
// 1970; above zero and before the year 10000.
type ContentExpiration struct {
	TimestampSec int64 `json:"timestamp_sec"`
}

// At is the expiration as a time, in UTC.
func (c ContentExpiration) At() time.Time { return time.Unix(c.TimestampSec, 0).UTC() }

// DomainRestrictions lists the sites whose pages may hold the player, as host
// names in lower case without scheme, port or path. The list may be empty.
type DomainRestrictions struct {
	Whitelist []string `json:"whitelist"`
}

// FoundMediaOrigin credits the library that the media came from, such as giphy.
type FoundMediaOrigin struct {
	ID       string `json:"id"`
	Provider string `json:"provider"`
}

// GeoRestrictions includes or excludes countries by two letters (ISO 3166-1
// alpha-2), in the letter case that the uploader used. Neither list is nil.
// X's schema wants exactly one of them filled and its own example fills both,
// so both are taken.
type GeoRestrictions struct {
	Blacklisted []string `json:"blacklisted_country_codes"`
	Whitelisted []string `json:"whitelisted_country_codes"`
}

// ManagementInfo says whether one app manages the media (on X, Media Studio):
// the one that said so, whose tokens alone may change it then.
type ManagementInfo struct {
	Managed bool `json:"managed"`
}

// PreviewImage names the image to show before a video plays.
type PreviewImage struct {
	MediaKey PreviewMedia `json:"media_key"`
}

// PreviewMedia is what X calls media_key in a preview image: a media id and a
// category, which is always TweetImage.
type PreviewMedia struct {
	Media    ID     `json:"media,string"`
	Category string `json:"media_category"`
}

// SensitiveMediaWarning says what viewers are to be warned of. What was not
// sent is false.
type SensitiveMediaWarning struct {
	AdultContent    bool `json:"adult_content"`
	GraphicViolence bool `json:"graphic_violence"`
	Other           bool `json:"other"`
}

// SharedInfo says whether any signed-in user may look the media up and use it:
// it is Media.Shared, as a group of metadata.
type SharedInfo struct {
	Shared bool `json:"shared"`
}

// StickerInfo lists the stickers on a photo, 1 to 25.
type StickerInfo struct {
	Stickers []Sticker `json:"stickers"`
}

// Sticker is one sticker and the affine transform that places it. Numbers are
// kept exactly as they were sent, since annotation ids exceed what a float
// holds; a member that was not sent is "".
type Sticker struct {
	AspectRatio            json.Number `json:"aspect_ratio,omitempty"`
	GroupAnnotationID      json.Number `json:"group_annotation_id,omitempty"`
	ID                     string      `json:"id,omitempty"`
	StickerSetAnnotationID json.Number `json:"sticker_set_annotation_id,omitempty"`
	TransformA             json.Number `json:"transform_a,omitempty"`
	TransformB             json.Number `json:"transform_b,omitempty"`
	TransformC             json.Number `json:"transform_c,omitempty"`
	TransformD             json.Number `json:"transform_d,omitempty"`
	TransformTX            json.Number `json:"transform_tx,omitempty"`
	TransformTY            json.Number `json:"transform_ty,omitempty"`
}

// UploadSource is where the uploader's app had the file from, such as gallery.
type UploadSource struct {
	UploadSource string `json:"upload_source"`
}

// Groups lists the names of the thirteen metadata groups, in alphabetical
// order.
func Groups() []string {
	return []string{
		"allow_download_status", "alt_text", "audience_policy",
		"content_expiration", "domain_restrictions", "found_media_origin",
		"geo_restrictions", "management_info", "preview_image",
		"sensitive_media_warning", "shared_info", "sticker_info",
		"upload_source",
	}
}

// DecodeMetadata reads groups as ParseMetadata made them: a map from a group's
// name to its canonical JSON. An unknown name or unreadable JSON is an error
// without a code, since only damaged records can cause it.
func DecodeMetadata(groups map[string]string) (Metadata, error) {
	var m Metadata
	for name, stored := range groups {
		into := m.group(name)
		if into == nil {
			return Metadata{}, fmt.Errorf("decode metadata group %q: no such group", name)
		}
		if err := json.Unmarshal([]byte(stored), into); err != nil {
			return Metadata{}, fmt.Errorf("decode metadata group %q: %w", name, err)
		}
	}
	return m, nil
}

// Keep is the metadata without the groups for whose names keep says no. What it
// points to is shared.
func (m Metadata) Keep(keep func(group string) bool) Metadata {
	for _, name := range Groups() {
		if !keep(name) {
			reflect.ValueOf(m.group(name)).Elem().SetZero()
		}
	}
	return m
}

// group gives the place of a group to decode into: a pointer to its pointer,
// or nil for a name that is no group's.
func (m *Metadata) group(name string) any {
	switch name {
	case "allow_download_status":
		return &m.AllowDownload
	case "alt_text":
		return &m.AltText
	case "audience_policy":
		return &m.AudiencePolicy
	case "content_expiration":
		return &m.ContentExpiration
	case "domain_restrictions":
		return &m.DomainRestrictions
	case "found_media_origin":
		return &m.FoundMediaOrigin
	case "geo_restrictions":
		return &m.GeoRestrictions
	case "management_info":
		return &m.ManagementInfo
	case "preview_image":
		return &m.PreviewImage
	case "sensitive_media_warning":
		return &m.SensitiveMediaWarning
	case "shared_info":
		return &m.SharedInfo
	case "sticker_info":
		return &m.StickerInfo
	case "upload_source":
		return &m.UploadSource
	}
	return nil
}
