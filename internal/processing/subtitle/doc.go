// Package subtitle reads SRT and WebVTT, writes WebVTT, and is the
// processing.Engine for subtitle files. A file that is not understood is
// refused with the line and what would be right; small liberties that many
// programs take are accepted: a byte order mark, any line ends, missing SRT
// numbers, dots for commas, missing hours, blanks at line ends.
//
// What leaves the room is clean: of all markup only WebVTT's own passes (b, i,
// u, c, v, lang, ruby, rt), balanced and without attributes, and everything
// else that looks like markup is text. Styles, regions and notes are dropped.
//
// Files of more than 10 MiB, 100,000 cues or 64 KiB a line are refused. The
// room keeps nothing; its engine saves one rendition, subtitles.vtt.
package subtitle
