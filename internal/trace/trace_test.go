package trace

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"testing"
)

// The example of the recommendation, §3.2.
const example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestReadParent(t *testing.T) {
	for text, want := range map[string]string{
		example:              example,
		" " + example + "\t": example,
		example[:53] + "00":  example[:53] + "00",
		example[:53] + "ff":  example[:53] + "03",
		"01" + example[2:]:   example,
		"cc" + example[2:] + "-what-the-future-will-be-like": example,
		"fe" + example[2:] + "-":                             example,
	} {
		c, ok := Read([]string{text}, nil)
		if !ok || c.Parent() != want || c.IsZero() {
			t.Errorf("%q: %v %q", text, ok, c.Parent())
		}
	}
	for _, text := range []string{
		"", "00", example[:54], example + "0", example + "-", example + "-00", "01" + example[2:] + "x", "ff" + example[2:],
		strings.ToUpper(example), "0" + example, "00_" + example[3:], example[:35] + "_" + example[36:], example[:52] + "_" + example[53:],
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", "0g" + example[2:], example[:53] + "0G", example + "," + example,
	} {
		if c, ok := Read([]string{text}, []string{"a=b"}); ok || !c.IsZero() || c.State() != "" {
			t.Errorf("%q is read: %q %q", text, c.Parent(), c.State())
		}
	}
	if _, ok := Read(nil, nil); ok {
		t.Error("nothing is read")
	}
	if _, ok := Read([]string{example, example}, nil); ok {
		t.Error("two are read")
	}
}

func TestReadState(t *testing.T) {
	long := "l=" + strings.Repeat("x", 200)
	many := strings.Repeat("k=v,", 40)
	numbered := func(n int) string {
		var b []string
		for i := range n {
			b = append(b, "k"+strings.Repeat("a", i)+"=v")
		}
		return strings.Join(b, ",")
	}
	for _, c := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{"rojo=00f067aa0ba902b7"}, "rojo=00f067aa0ba902b7"},
		{[]string{"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"}, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"},
		{[]string{"a=1, b=2 ,", "", "c=3"}, "a=1,b=2,c=3"},
		{[]string{"fw529a3039@dt=FfVVTBlKzHw"}, "fw529a3039@dt=FfVVTBlKzHw"},
		{[]string{"1a-2*3/4_b=x y"}, "1a-2*3/4_b=x y"},
		{[]string{"a= b"}, "a= b"},
		{[]string{"a"}, ""},
		{[]string{"a="}, ""},
		{[]string{"=b"}, ""},
		{[]string{"A=b"}, ""},
		{[]string{"a=b=c"}, ""},
		{[]string{"a=b\x7f"}, ""},
		{[]string{"a=1,a=2"}, ""},
		{[]string{"a=1", "a=2"}, ""},
		{[]string{"a@=1"}, ""},
		{[]string{"@a=1"}, ""},
		{[]string{"a@b@c=1"}, ""},
		{[]string{"a@1b=1"}, ""},
		{[]string{"a@" + strings.Repeat("b", 15) + "=1"}, ""},
		{[]string{strings.Repeat("a", 257) + "=1"}, ""},
		{[]string{"a=" + strings.Repeat("1", 257)}, ""},
		{[]string{numbered(20)}, numbered(20)},
		{[]string{many}, ""},
		{[]string{numbered(33)}, ""},
		{[]string{"a=1", long, "b=2", "c" + long, "d" + long, "e=5"}, "a=1," + long + ",b=2,c" + long + ",e=5"},
		{[]string{strings.Repeat("x", 17<<10)}, ""},
	} {
		got, ok := Read([]string{example}, c.values)
		if !ok || got.State() != c.want {
			t.Errorf("%.80q: %q, want %q", c.values, got.State(), c.want)
		}
	}
	// Without one that is too long alone, the last go.
	var values []string
	for i := range 8 {
		values = append(values, string(rune('a'+i))+"="+strings.Repeat("1", 98))
	}
	if got, _ := Read([]string{example}, values); got.State() != strings.Join(values[:5], ",") {
		t.Errorf("%d bytes remain: %q", len(got.State()), got.State())
	}
}

func TestNewAndChild(t *testing.T) {
	zero := bytes.NewReader(make([]byte, 24))
	c, err := New(zero)
	if err != nil || c.Parent() != "00-00000000000000000000000000000001-0000000000000001-00" {
		t.Errorf("%q, %v", c.Parent(), err)
	}
	if _, err := New(zero); err == nil {
		t.Error("made of nothing")
	}
	parent, _ := Read([]string{example}, []string{"a=b"})
	child, err := parent.Child(rand.Reader)
	if err != nil || child.ID() != parent.ID() || child.Span() == parent.Span() || child.State() != "a=b" || child.Parent()[53:] != "01" {
		t.Errorf("%q, %v", child.Parent(), err)
	}
	if got, ok := Read([]string{child.Parent()}, nil); !ok || got.Span() != child.Span() {
		t.Errorf("%q does not come back", child.Parent())
	}
}

func TestFrom(t *testing.T) {
	if c := From(context.Background()); !c.IsZero() {
		t.Errorf("%q", c.Parent())
	}
	c, _ := Read([]string{example}, nil)
	if got := From(With(context.Background(), &c)); !got.Equal(c) || got.Equal(Context{}) {
		t.Errorf("%q", got.Parent())
	}
}

// FuzzRead: what is read is written as something that is read the same.
func FuzzRead(f *testing.F) {
	f.Add(example, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
	f.Add("cc"+example[2:]+"-x", "a@b=c , ,d=e")
	f.Fuzz(func(t *testing.T, parent, state string) {
		c, ok := Read([]string{parent}, []string{state})
		if !ok {
			if !c.IsZero() || c.State() != "" {
				t.Fatalf("half of %q %q is read", parent, state)
			}
			return
		}
		if len(c.State()) > maxState {
			t.Fatalf("%d bytes of state", len(c.State()))
		}
		again, ok := Read([]string{c.Parent()}, []string{c.State()})
		if !ok || again != c {
			t.Fatalf("%q %q is written as %q %q", parent, state, c.Parent(), c.State())
		}
	})
}
