package action

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strconv"
)

// hash is the content hash of a record whose tree was brought into normal form.
// The package's description says what it covers.
// dst is where that form is written to; what it grew to is returned beside.
func hash(dst []byte, record *node) (sum, form []byte) {
	form = canonical(dst, record)
	digest := sha256.Sum256(form)
	return append(append(make([]byte, 0, 1+len(digest)), Form), digest[:]...), form
}

// canonical appends the canonical form of one value. Each form begins with a
// tag and texts with their length, so no two values share one.
func canonical(dst []byte, n *node) []byte {
	switch {
	case n.empty():
		return append(dst, '-')
	case n.kind == 't' || n.kind == 'f':
		return append(dst, byte(n.kind))
	case n.kind == '"' || n.kind == '0':
		return text(append(dst, '"'), n.text)
	case n.kind == '{':
		dst = append(dst, '{')
		for i := range n.kids {
			m := &n.kids[i]
			if m.empty() {
				continue
			}
			dst = canonical(text(dst, m.name), &m.node)
		}
		return append(dst, '}')
	}
	dst = append(dst, '[')
	start := len(dst)
	ends := make([]int, 0, 8)
	for i := range n.kids {
		dst = canonical(dst, &n.kids[i].node)
		ends = append(ends, len(dst))
	}
	return append(inOrder(dst, start, ends), ']')
}

func text(dst []byte, s string) []byte {
	dst = append(strconv.AppendInt(dst, int64(len(s)), 10), ':')
	return append(dst, s...)
}

// inOrder sorts the pieces of dst that begin at start and end at ends.
func inOrder(dst []byte, start int, ends []int) []byte {
	if len(ends) < 2 {
		return dst
	}
	whole := bytes.Clone(dst[start:])
	pieces := make([][]byte, 0, len(ends))
	from := 0
	for _, end := range ends {
		pieces = append(pieces, whole[from:end-start])
		from = end - start
	}
	slices.SortFunc(pieces, bytes.Compare)
	dst = dst[:start]
	for _, p := range pieces {
		dst = append(dst, p...)
	}
	return dst
}
