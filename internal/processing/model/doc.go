// Package model checks 3D models, GLB and USDZ, and is the processing.Engine
// for them.
//
// A GLB is binary glTF 2.0 (Khronos, glTF 2.0 specification, "GLB File Format").
// Its JSON is read whole and strictly, and everything that refers to something
// is followed: buffers, views, accessors, images, the tree of nodes. Nothing of
// it may lie outside the file. A USDZ is a ZIP archive (Pixar, "Usdz File Format
// Specification"): stored members, each beginning at a multiple of 64 bytes, of
// the sorts that a scene is made of.
//
// What viewers get is the model itself, put together again from what was
// checked: chunks and archive fields that no viewer needs stay behind. Shapes
// are not looked at, and neither are the insides of pictures and sounds beyond
// how they begin; a viewer reads those with the care that it reads any file.
//
// Files are read in place. Only a GLB's JSON (16 MiB at most) and a USDZ's list
// of members are ever held. Nothing lands on disk except through
// processing.Output.
package model
