package delivery

import (
	"net/http"
	"time"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// MaxTicket is the longest that a ticket lasts.
const MaxTicket = 24 * time.Hour

// SignedURL is a file of a media and a URL that opens it.
type SignedURL struct {
	Rendition media.Rendition // its Blob is not set for subtitles
	URL       string
}

// Sign makes the URLs by which the holder of a ticket for m sees its files and
// the subtitles that are attached to it. Those that such a ticket doesn't open
// are left out: the original size of an image, and an MP4 of a video, where
// downloads are not allowed. If it opens none, because the media has expired or
// asks for a subscription that the ticket doesn't have, that is the error. From
// which country, address and page they will be opened is not known here.
func (h Handout) Sign(r *http.Request, m media.Media, notes media.Metadata, files []media.Rendition, attached []media.Subtitle, t policy.Ticket) ([]SignedURL, string, error) {
	notes.GeoRestrictions, notes.DomainRestrictions = nil, nil
	anywhere := t
	anywhere.Country, anywhere.Prefix = "", policy.Ticket{}.Prefix
	may := func(u policy.Use) *media.Error {
		return policy.Decide(m, notes, policy.Viewer{Ticket: &anywhere}, u, h.Now()).Err
	}
	if err := may(policy.Look); err != nil {
		return nil, "", err
	}
	text := h.Ring().SignTicket(t)
	signed := []SignedURL{}
	for _, f := range files {
		asked := f.Role == media.RoleMP4 && m.Category.Kind() == media.KindVideo // which is played by its playlist
		if may(useOf(f, asked)) == nil {
			signed = append(signed, SignedURL{f, h.Links.Signed(r, m, f.Name, text)})
		}
	}
	for _, s := range attached {
		f := media.Rendition{Role: media.RoleText, Name: captionName(s.Language, ".vtt"), ContentType: "text/vtt"}
		signed = append(signed, SignedURL{f, h.Links.Signed(r, m, f.Name, text)})
	}
	return signed, text, nil
}
