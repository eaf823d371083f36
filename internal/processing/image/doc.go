// Package image makes the sizes of a still picture from JPEG, PNG, WebP, BMP,
// TIFF and GIF files: thumb, small, medium and large, and orig, which is the
// whole picture without loss wherever that can be had.
//
// Files are read in memory-safe Go. A file's own header is read first and held
// against the pixel limit and a memory budget before any pixel is decoded; what
// a decoder then returns is only ever read row by row, so that no second copy
// of a large picture is made. Of a large JPEG of the plain kind, upright, not even
// one is: it is shrunk while it is read.
//
// What viewers get carries nothing of the upload but its pixels, turned the
// right way up, and its colour profile. EXIF, GPS positions, XMP and comments
// stay behind.
//
// Animations are shown by their first frame; only the orig of a GIF moves. Making
// films of them is another engine's work. So are captions, and every question of
// who may see a picture.
//
// Nothing lands on disk except through processing.Output.
package image
