package reference

import (
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
)

// view is what the page shows.
type view struct {
	Title, Version string
	About          template.HTML
	Sections       []section
	Answers        []answer // those that many operations share
	Schemas        []schema
	SignIn         []scheme
}

// section is the operations under one tag.
type section struct {
	ID, Name string
	About    template.HTML
	Calls    []call
}

// call is one operation.
type call struct {
	ID, Method, Path, Summary string
	About                     template.HTML
	Auth                      string // in words
	Token                     bool   // "try it" sends the reader's token
	Parameters                []parameter
	Body                      *body
	Answers                   []answer
}

type parameter struct {
	Name, In, Type, Rules, Example string
	Required                       bool
	About                          template.HTML
}

// body is a request's, or an answer's.
type body struct {
	Required bool
	About    template.HTML
	Forms    []form
}

// form is a body in one content type.
type form struct {
	Type, Schema, Example string
	Fields                []field
	Files                 []string // members that are files, for "try it"
}

// field is a member of a schema, or of one within it, as a path.
type field struct {
	Name, Type, Ref, Rules string
	Required               bool
	About                  template.HTML
}

type answer struct {
	ID, Status, Shared string // Shared names the answer that many operations have
	Bad                bool
	About              template.HTML
	Headers            []field
	Forms              []form
}

type schema struct {
	Name, Type, Rules, Example string
	About                      template.HTML
	Fields                     []field
}

type scheme struct {
	Name  string
	About template.HTML
}

// newView makes the page's content. An example that is missing is an error.
func newView(d document) (view, error) {
	info := d.root.object("info")
	v := view{Title: info.text("title"), Version: info.text("version"), About: prose(info.text("description"))}
	at := map[string]int{}
	for i, t := range d.root.list("tags") {
		tag := t.(object)
		at[tag.text("name")] = i
		v.Sections = append(v.Sections, section{ID: "tag-" + tag.text("name"), Name: tag.text("name"), About: prose(tag.text("description"))})
	}
	for _, p := range d.root.object("paths") {
		path := p.Value.(object)
		for _, m := range path {
			op, ok := m.Value.(object)
			if !ok || op.text("operationId") == "" {
				continue
			}
			c, err := d.call(p.Key.(string), m.Key.(string), path, op)
			if err != nil {
				return view{}, fmt.Errorf("%s %s: %w", m.Key, p.Key, err)
			}
			i, ok := at[fmt.Sprint(op.list("tags")...)]
			if !ok {
				return view{}, fmt.Errorf("%s %s: no one of the tags", m.Key, p.Key)
			}
			v.Sections[i].Calls = append(v.Sections[i].Calls, c)
		}
	}
	components := d.root.object("components")
	for _, item := range components.object("responses") {
		a, err := d.answer("", item.Value.(object))
		if err != nil {
			return view{}, fmt.Errorf("answer %s: %w", item.Key, err)
		}
		a.ID, a.Shared = "answer-"+item.Key.(string), item.Key.(string)
		v.Answers = append(v.Answers, a)
	}
	for _, item := range components.object("schemas") {
		s := item.Value.(object)
		shown := schema{Name: item.Key.(string), Type: d.typeWords(s), Rules: rules(s), About: prose(s.text("description")), Fields: d.fields(s, "", 0)}
		if some := s.list("examples"); some != nil {
			text, err := encode(some[0], "  ")
			if err != nil {
				return view{}, err
			}
			shown.Example = string(text)
		}
		v.Schemas = append(v.Schemas, shown)
	}
	for _, item := range components.object("securitySchemes") {
		v.SignIn = append(v.SignIn, scheme{item.Key.(string), prose(item.Value.(object).text("description"))})
	}
	return v, nil
}

func (d document) call(path, method string, all, op object) (call, error) {
	c := call{
		ID: op.text("operationId"), Method: strings.ToUpper(method), Path: path, Summary: op.text("summary"), About: prose(op.text("description")),
		Auth: signIn(op), Token: signIn(op) != "",
	}
	for _, p := range append(slices.Clone(all.list("parameters")), op.list("parameters")...) {
		param, _ := d.resolve(p)
		s, _ := d.resolve(param.get("schema"))
		words := param.text("description")
		if words == "" {
			words = s.text("description")
		}
		value, err := d.parameterExample(param)
		if err != nil {
			return c, fmt.Errorf("parameter %s: %w", param.text("name"), err)
		}
		c.Parameters = append(c.Parameters, parameter{
			Name: param.text("name"), In: param.text("in"), Type: d.typeWords(s), Rules: rules(s), Example: plain(value), Required: param.is("required"), About: prose(words),
		})
	}
	if b, _ := d.resolve(op.get("requestBody")); b != nil {
		forms, err := d.forms(b.object("content"))
		if err != nil {
			return c, err
		}
		c.Body = &body{Required: b.is("required"), About: prose(b.text("description")), Forms: forms}
	}
	for _, item := range op.object("responses") {
		r, name := d.resolve(item.Value)
		a, err := d.answer(item.Key.(string), r)
		if err != nil {
			return c, fmt.Errorf("%s: %w", item.Key, err)
		}
		if a.Shared = name; name != "" {
			a.Headers, a.Forms = nil, nil // they stand with the shared one
		}
		c.Answers = append(c.Answers, a)
	}
	return c, nil
}

func (d document) answer(status string, r object) (answer, error) {
	a := answer{Status: status, Bad: status >= "4", About: prose(r.text("description"))}
	for _, h := range r.object("headers") {
		header, _ := d.resolve(h.Value)
		s, _ := d.resolve(header.get("schema"))
		a.Headers = append(a.Headers, field{Name: h.Key.(string), Type: d.typeWords(s), Rules: rules(s), Required: header.is("required"), About: prose(header.text("description"))})
	}
	var err error
	a.Forms, err = d.forms(r.object("content"))
	return a, err
}

// forms shows a body in each of its content types. Those that are one schema of bytes
// are shown as one.
func (d document) forms(content object) ([]form, error) {
	var out []form
	for _, item := range content {
		media, kind := item.Value.(object), item.Key.(string)
		s, name := d.resolve(media.get("schema"))
		f := form{Type: kind, Schema: name}
		if n := len(out); n > 0 && name != "" && out[n-1].Schema == name && !shows(kind) {
			out[n-1].Type += ", " + kind
			continue
		}
		if name == "" || s.object("properties") != nil {
			f.Fields = d.fields(s, "", 0)
		}
		for _, p := range s.object("properties") {
			if member, _ := d.resolve(p.Value); binary(member) {
				f.Files = append(f.Files, p.Key.(string))
			}
		}
		if shows(kind) {
			v, err := d.mediaExample(media)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", kind, err)
			}
			text, err := encode(v, "  ")
			if err != nil {
				return nil, err
			}
			f.Example = string(text)
		}
		out = append(out, f)
	}
	return out, nil
}

// deepest bounds how far schemas within schemas are followed; named ones are not.
const deepest = 6

// fields lists the members of a schema, those of schemas within it below them by their
// path. A named schema is told by its name.
func (d document) fields(s object, path string, depth int) []field {
	if depth > deepest {
		return nil
	}
	var out []field
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		for i, part := range s.list(key) {
			p, name := d.resolve(part)
			switch {
			case name != "" && orNull(s.list(key)):
				out = append(out, field{Name: strings.TrimSuffix(path, "."), Type: "as", Ref: name, About: prose(p.text("description"))})
			case name != "":
				word := map[string]string{"allOf": "as", "oneOf": "either", "anyOf": "any of"}[key]
				if i > 0 && key != "allOf" {
					word = "or"
				}
				out = append(out, field{Name: strings.TrimSuffix(path, "."), Type: word, Ref: name, About: prose(p.text("description"))})
			default:
				out = append(out, d.fields(p, path, depth+1)...)
			}
		}
	}
	required := s.list("required")
	for _, item := range s.object("properties") {
		member, name := d.resolve(item.Value)
		key := path + item.Key.(string)
		f := field{Name: key, Type: d.typeWords(member), Ref: name, Rules: rules(member), Required: slices.Contains(required, any(item.Key)), About: prose(member.text("description"))}
		out = append(out, f)
		if name == "" {
			out = append(out, d.fields(member, key+".", depth+1)...)
		}
	}
	if items := s.get("items"); items != nil {
		item, name := d.resolve(items)
		if path = strings.TrimSuffix(path, ".") + "[]"; name != "" {
			out = append(out, field{Name: path, Type: d.typeWords(item), Ref: name, About: prose(item.text("description"))})
		} else {
			out = append(out, d.fields(item, path+".", depth+1)...)
		}
	}
	if more, ok := s.get("additionalProperties").(object); ok {
		value, name := d.resolve(more)
		out = append(out, field{Name: path + "*", Type: d.typeWords(value), Ref: name, About: prose(value.text("description"))})
	}
	return out
}

// orNull tells whether a choice is between one schema and null.
func orNull(some []any) bool {
	return len(some) == 2 && slices.ContainsFunc(some, func(part any) bool { o, _ := part.(object); return o.text("type") == "null" })
}

// typeWords says in a few words what values a schema takes.
func (d document) typeWords(s object) string {
	t := typeOf(s)
	if t == "array" {
		item, name := d.resolve(s.get("items"))
		if name == "" {
			name = d.typeWords(item)
		}
		return "array of " + name
	}
	switch f := s.text("format"); {
	case f != "":
		t += " (" + f + ")"
	case binary(s):
		t = "bytes"
	case s.text("contentEncoding") != "":
		t += " (" + s.text("contentEncoding") + ")"
	}
	if t == "" {
		for _, key := range []string{"oneOf", "anyOf"} {
			var words []string
			for _, part := range s.list(key) {
				p, name := d.resolve(part)
				if name == "" {
					name = d.typeWords(p)
				}
				words = append(words, name)
			}
			if words != nil {
				t = strings.Join(words, " or ")
			}
		}
	}
	if slices.Contains(s.list("type"), any("null")) {
		t = strings.TrimPrefix(t+" or null", " or ")
	}
	return t
}

// rules says what else holds for a value.
func rules(s object) string {
	var out []string
	if values := s.list("enum"); values != nil {
		words := make([]string, len(values))
		for i, v := range values {
			words[i] = fmt.Sprint(v)
		}
		out = append(out, "one of: "+strings.Join(words, ", "))
	}
	for _, r := range []struct{ key, words string }{
		{"minimum", "at least"},
		{"maximum", "at most"},
		{"minLength", "characters, at least"},
		{"maxLength", "characters, at most"},
		{"minItems", "entries, at least"},
		{"maxItems", "entries, at most"},
		{"default", "by default"},
		{"pattern", "pattern"},
	} {
		if v := s.get(r.key); v != nil {
			out = append(out, r.words+" "+fmt.Sprint(v))
		}
	}
	return strings.Join(out, "; ")
}

// signIn says which credentials an operation takes, "" for none.
func signIn(op object) string {
	var out []string
	for _, s := range op.list("security") {
		for _, item := range s.(object) {
			word := fmt.Sprint(item.Key)
			if scopes, _ := item.Value.([]any); len(scopes) > 0 {
				word += " with " + strings.Trim(fmt.Sprint(scopes), "[]")
			}
			out = append(out, word)
		}
	}
	return strings.Join(out, ", ")
}

// plain is a value without quotes around a text.
func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := encode(v, "")
	if err != nil {
		return ""
	}
	return string(text)
}

var (
	inCode = regexp.MustCompile("`([^`]+)`")
	inBold = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// prose makes paragraphs of a description, whose Markdown is that of `code` and
// **emphasis** only.
func prose(text string) template.HTML {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph == "" {
			continue
		}
		safe := template.HTMLEscapeString(paragraph)
		safe = inCode.ReplaceAllString(safe, "<code>$1</code>")
		b.WriteString("<p>" + inBold.ReplaceAllString(safe, "<strong>$1</strong>") + "</p>")
	}
	return template.HTML(b.String())
}
