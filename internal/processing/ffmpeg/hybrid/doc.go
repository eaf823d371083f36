// Package hybrid makes one file of what usually are two: an MP4 that plays as it
// downloads, and fragments that HLS points into by byte range.
//
// The file is an ordinary MP4 to everything that reads one: an index (moov) with
// a full sample table, then a single mdat. Inside that mdat lies, byte for byte,
// the fragmented MP4 that it was made of (ISO/IEC 14496-12, 8.8): its own ftyp
// and moov, which are the initialization section, and its fragments. The sample
// table points past the fragments' headers; players of HLS never see the index.
// So pictures and sound are stored once, and what is added is the index.
//
// Wrap and Quiet do this for a file that lies on disk. Stream does it for one that
// is still being written, whose index then goes into room that was left for it
// (Room), with a free box for the rest.
//
// It works on files that ffmpeg made with
// -movflags frag_keyframe+delay_moov+default_base_moof, or Fragments of a movie that
// needs nothing but to be laid out anew, and holds one file's sample table in memory. The only bytes that it changes are those that Quiet and
// Stream blank.
package hybrid
