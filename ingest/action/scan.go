package action

import (
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A room is what one record's tree is built in. It is used again for the next
// record, so that a tree costs no allocation: nothing of it outlives Parse but
// texts, and these are parts of the record's own text.
type room struct {
	text string
	at   int
	open []member // members of values that have not ended, innermost last
	kids []member // those of values that have ended, value by value
	form []byte   // for the canonical form
}

var rooms = sync.Pool{New: func() any { return new(room) }}

// leave clears the room, lest it keep a record's text, and gives it back. One
// that a mad record made huge is dropped.
func (r *room) leave() {
	if cap(r.kids)+cap(r.open) > 1<<12 || cap(r.form) > 1<<16 {
		return
	}
	clear(r.kids)
	clear(r.open[:cap(r.open)])
	*r = room{open: r.open[:0], kids: r.kids[:0], form: r.form[:0]}
	rooms.Put(r)
}

// tree builds the tree of one JSON text: in one go over its bytes, or, where that
// does not do, by a reader that knows every corner of JSON and has words for what
// is wrong.
func (r *room) tree(text string) (node, error) {
	if n, ok := r.scan(text); ok {
		return n, nil
	}
	return parseStrictly(text)
}

// scan takes what all real records are: sound JSON in sound UTF-8, not too deep.
// It says nothing of the rest.
func (r *room) scan(text string) (node, bool) {
	if !utf8.ValidString(text) {
		return node{}, false
	}
	r.text, r.at, r.open = text, 0, r.open[:0]
	r.space()
	n, ok := r.value(1)
	r.space()
	return n, ok && r.at == len(text)
}

// next is the byte at hand, 0 at the end. A NUL in the text is no JSON either.
func (r *room) next() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *room) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\n', '\r', '\t':
			r.at++
		default:
			return
		}
	}
}

func (r *room) value(depth int) (n node, ok bool) {
	switch c := r.next(); {
	case c == '"':
		n.kind = '"'
		n.text, ok = r.str()
		return n, ok
	case c == '{' || c == '[':
		if depth > maxDepth {
			return n, false
		}
		return r.list(depth, c)
	case c == 't':
		return node{kind: 't'}, r.word("true")
	case c == 'f':
		return node{kind: 'f'}, r.word("false")
	case c == 'n':
		return node{kind: 'n'}, r.word("null")
	}
	n.kind = '0'
	n.text, ok = r.number()
	return n, ok
}

func (r *room) word(w string) bool {
	if len(r.text)-r.at < len(w) || r.text[r.at:r.at+len(w)] != w {
		return false
	}
	r.at += len(w)
	return true
}

// list reads an object or an array. Its members wait in open until it ends, and
// then lie in kids side by side.
func (r *room) list(depth int, bracket byte) (n node, ok bool) {
	start, below := r.at, len(r.open)
	last := bracket + 2 // } comes two after {, and ] after [
	r.at++
	r.space()
	for first := true; r.next() != last; first = false {
		if !first {
			if r.next() != ',' {
				return n, false
			}
			r.at++
			r.space()
		}
		var m member
		if bracket == '{' {
			if m.name, ok = r.str(); !ok {
				return n, false
			}
			if r.space(); r.next() != ':' {
				return n, false
			}
			r.at++
			r.space()
		}
		if m.node, ok = r.value(depth + 1); !ok {
			return n, false
		}
		r.open = append(r.open, m)
		r.space()
	}
	r.at++
	members := r.open[below:]
	if bracket == '{' {
		members = lastOfEach(members)
	}
	from := len(r.kids)
	r.kids = append(r.kids, members...)
	r.open = r.open[:below]
	n = node{kind: jsontext.Kind(bracket), raw: r.text[start:r.at]}
	if to := len(r.kids); to > from {
		n.kids = r.kids[from:to:to]
	}
	return n, true
}

// number reads a number, whose text it keeps.
func (r *room) number() (string, bool) {
	start := r.at
	if r.next() == '-' {
		r.at++
	}
	switch c := r.next(); {
	case c == '0':
		r.at++
	case '1' <= c && c <= '9':
		r.digits()
	default:
		return "", false
	}
	if r.next() == '.' {
		r.at++
		if !r.digits() {
			return "", false
		}
	}
	if c := r.next(); c == 'e' || c == 'E' {
		r.at++
		if c := r.next(); c == '+' || c == '-' {
			r.at++
		}
		if !r.digits() {
			return "", false
		}
	}
	return r.text[start:r.at], true
}

func (r *room) digits() bool {
	start := r.at
	for '0' <= r.next() && r.next() <= '9' {
		r.at++
	}
	return r.at > start
}
