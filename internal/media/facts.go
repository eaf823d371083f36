package media

// Facts are what processing counted in a file beyond width, height and
// duration. The zero value is for kinds of which nothing is counted. Its JSON is
// what the catalogue keeps.
type Facts struct {
	Model *ModelFacts `json:"model,omitempty"` // of a 3D model
}

// ModelFacts are sizes and counts of a 3D model, as it is served; its JSON is
// what the API shows. A count that is 0 is left out. Members, Layers and Sounds
// are of USDZ alone, whose layers are not looked into; all others but Bytes and
// Images are of GLB alone.
type ModelFacts struct {
	Bytes int64 `json:"bytes"`

	Scenes     int   `json:"scenes,omitempty"`
	Nodes      int   `json:"nodes,omitempty"`
	Meshes     int   `json:"meshes,omitempty"`
	Primitives int   `json:"primitives,omitempty"`
	Vertices   int64 `json:"vertices,omitempty"`  // as stored: a mesh that is shown twice counts once
	Triangles  int64 `json:"triangles,omitempty"` // likewise
	Materials  int   `json:"materials,omitempty"`
	Textures   int   `json:"textures,omitempty"`
	Images     int   `json:"images,omitempty"` // pictures that textures are made of
	Skins      int   `json:"skins,omitempty"`
	Animations int   `json:"animations,omitempty"`

	// Bounds is the box around the scene that is shown first, at rest; nil where
	// the file doesn't say how far its meshes reach.
	Bounds *Box `json:"bounds,omitempty"`

	Members int `json:"members,omitempty"` // files in the archive
	Layers  int `json:"layers,omitempty"`
	Sounds  int `json:"sounds,omitempty"`
}

// Box is a box in space along the axes x, y and z, in the model's own unit,
// which is the metre in glTF.
type Box struct {
	Min [3]float64 `json:"min"`
	Max [3]float64 `json:"max"`
}
