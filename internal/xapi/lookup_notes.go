package xapi

import (
	"slices"

	"magpie/internal/media"
)

// noteFields lists the groups of metadata that lookups show to who asks for
// them, beyond X's alt_text.
func noteFields() []string {
	return slices.DeleteFunc(media.Groups(), func(group string) bool { return group == "alt_text" })
}

// shownNotes gives the groups of metadata that were asked for and that concern
// the caller: all of them its users, and of others' media what a viewer is to be
// told.
func shownNotes(notes media.Metadata, fields map[string]bool, usable bool) media.Metadata {
	return notes.Keep(func(group string) bool {
		switch group {
		case "alt_text": // has a member of its own, in X's shape
			return false
		case "found_media_origin", "sensitive_media_warning", "sticker_info":
			return fields[group]
		}
		return fields[group] && usable
	})
}
