package action

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep a record may be nested. The API's own records reach 4;
// what is deeper was not made by it, and recursion over it should have an end.
const maxDepth = 200

// A node is one JSON value. Kinds are jsontext's: 'n' null, 't' and 'f',
// '"' a string, '0' a number, '{' and '['. Numbers keep their text and never
// become floats.
type node struct {
	kind jsontext.Kind
	text string   // content of a string, text of a number
	raw  []byte   // of an object or array: its bytes as sent
	kids []member // members of an object, sorted by name; items of an array, in order
}

// A member is one name of an object with its value, or one item of an array
// (which has no name).
type member struct {
	name string
	node
}

var errDeep = fmt.Errorf("nested deeper than %d", maxDepth)

// parse reads one JSON text. Strings that are not UTF-8 are read with U+FFFD
// for what is unfit: whether that is acceptable is the caller's to say. A value
// nested too deep is left out and errDeep returned beside the rest, so that a
// record's id can still be told.
func parse(text []byte) (node, error) {
	r := reader{
		text: text,
		dec: jsontext.NewDecoder(bytes.NewBuffer(text),
			jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
	}
	n, err := r.value(1)
	if err != nil {
		return node{}, err
	}
	if _, err := r.dec.ReadToken(); err == nil {
		return node{}, errors.New("more text after the value")
	} else if !errors.Is(err, io.EOF) {
		return node{}, err
	}
	if r.deep {
		return n, errDeep
	}
	return n, nil
}

type reader struct {
	text []byte
	dec  *jsontext.Decoder
	deep bool
}

func (r *reader) value(depth int) (node, error) {
	kind := r.dec.PeekKind()
	if depth > maxDepth && (kind == '{' || kind == '[') {
		r.deep = true
		return node{kind: 'n'}, r.dec.SkipValue()
	}
	tok, err := r.dec.ReadToken()
	if err != nil {
		return node{}, err
	}
	n := node{kind: tok.Kind()}
	switch n.kind {
	case '"', '0':
		n.text = tok.String()
		return n, nil
	case '{', '[':
	default:
		return n, nil
	}
	start := r.dec.InputOffset() - 1 // the bracket itself
	for {
		if k := r.dec.PeekKind(); k == '}' || k == ']' {
			break
		}
		var m member
		if n.kind == '{' {
			name, err := r.dec.ReadToken()
			if err != nil {
				return node{}, err
			}
			m.name = name.String()
		}
		if m.node, err = r.value(depth + 1); err != nil {
			return node{}, err
		}
		n.kids = append(n.kids, m)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return node{}, err
	}
	n.raw = r.text[start:r.dec.InputOffset()]
	if n.kind == '{' {
		n.kids = lastOfEach(n.kids)
	}
	return n, nil
}

// lastOfEach sorts members by name and keeps the last of those that share one.
func lastOfEach(kids []member) []member {
	slices.SortStableFunc(kids, func(a, b member) int { return strings.Compare(a.name, b.name) })
	out := kids[:0]
	for i, m := range kids {
		if i+1 < len(kids) && kids[i+1].name == m.name {
			continue
		}
		out = append(out, m)
	}
	return out
}

// get is the member of that name, nil where there is none.
func (n *node) get(name string) *node {
	if n.kind != '{' {
		return nil
	}
	i, ok := slices.BinarySearchFunc(n.kids, name, func(m member, name string) int {
		return strings.Compare(m.name, name)
	})
	if !ok {
		return nil
	}
	return &n.kids[i].node
}

// empty reports whether the value says nothing: absent, null, "", or [].
func (n *node) empty() bool {
	if n == nil {
		return true
	}
	switch n.kind {
	case 'n':
		return true
	case '"':
		return n.text == ""
	case '[':
		return len(n.kids) == 0
	}
	return false
}

// set makes the value a string (in the canonical form a number is one too).
func (n *node) set(text string) { *n = node{kind: '"', text: text} }

// clear makes the value say nothing.
func (n *node) clear() { *n = node{kind: 'n'} }
