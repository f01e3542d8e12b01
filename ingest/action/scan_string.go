package action

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string. One without an escape is a part of the text.
func (r *room) str() (string, bool) {
	if r.next() != '"' {
		return "", false
	}
	r.at++
	for i := r.at; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			s := r.text[r.at:i]
			r.at = i + 1
			return s, true
		case c == '\\':
			return r.escaped(i)
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// escaped reads on from the first escape, which stands at i.
func (r *room) escaped(i int) (string, bool) {
	end := i
	for end < len(r.text) && r.text[end] != '"' {
		if r.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(r.text) {
		return "", false
	}
	var b strings.Builder
	b.Grow(end - r.at) // an escape is never shorter than what it stands for
	for from := r.at; ; {
		b.WriteString(r.text[from:i])
		if i == end {
			break
		}
		c, n := escape(r.text[i:end])
		if n == 0 {
			return "", false
		}
		b.WriteRune(c)
		for from, i = i+n, i+n; i < end && r.text[i] != '\\'; i++ {
			if r.text[i] < ' ' {
				return "", false
			}
		}
	}
	r.at = end + 1
	return b.String(), true
}

// escape reads the escape that s begins with; n is its length, 0 where it is
// none, or half of a surrogate pair.
func escape(s string) (c rune, n int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		c, ok := unit(s)
		if ok && utf16.IsSurrogate(c) {
			low, _ := unit(s[6:])
			if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
				return 0, 0
			}
			return c, 12
		}
		if ok {
			return c, 6
		}
	}
	return 0, 0
}

// unit is the UTF-16 code unit of a \u escape at the beginning of s.
func unit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, c := range []byte(s[2:6]) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return 0, false
		}
	}
	v, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(v), err == nil
}
