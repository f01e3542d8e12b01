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
	raw  string   // of an object or array: its text as sent
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
func parse(text []byte) (node, error) { return new(room).tree(string(text)) }

// parseStrictly is parse by a reader that knows every corner of JSON, says what
// is wrong with a text, and takes its time.
func parseStrictly(text string) (node, error) {
	r := reader{
		text: text,
		dec: jsontext.NewDecoder(bytes.NewBufferString(text),
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
	text string
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
	if len(kids) > 32 {
		slices.SortStableFunc(kids, func(a, b member) int { return strings.Compare(a.name, b.name) })
	} else {
		insertionSort(kids)
	}
	out := kids[:0]
	for i, m := range kids {
		if i+1 < len(kids) && kids[i+1].name == m.name {
			continue
		}
		out = append(out, m)
	}
	return out
}

// insertionSort sorts by name, stably. A record's objects have few members.
func insertionSort(kids []member) {
	for i := 1; i < len(kids); i++ {
		if kids[i-1].name <= kids[i].name {
			continue
		}
		m, at := kids[i], i
		for ; at > 0 && kids[at-1].name > m.name; at-- {
			kids[at] = kids[at-1]
		}
		kids[at] = m
	}
}

// get is the member of that name, nil where there is none.
func (n *node) get(name string) *node {
	if n.kind != '{' {
		return nil
	}
	if len(n.kids) > 32 {
		i, ok := slices.BinarySearchFunc(n.kids, name, func(m member, name string) int { return strings.Compare(m.name, name) })
		if !ok {
			return nil
		}
		return &n.kids[i].node
	}
	for i := range n.kids { // names mostly differ in length, which is quicker seen than their order
		if n.kids[i].name == name {
			return &n.kids[i].node
		}
	}
	return nil
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
