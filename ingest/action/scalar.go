package action

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Text reads one JSON value as text: a string's content, or a number's text.
// Null and "" are nil; NUL, which Postgres text cannot hold, becomes U+FFFD.
func Text(value []byte) (*string, error) { return scalar(value, (*node).asText) }

// Integer reads one JSON value as a whole number, sent as a number or as a
// string. Null and blank strings are nil; a fraction, an exponent and what does
// not fit 64 bits are errors, since nothing here goes through a float.
func Integer(value []byte) (*int64, error) { return scalar(value, (*node).asInteger) }

// Time reads one JSON value as a time in UTC, cut to microseconds. Null and
// blank strings are nil. RFC 3339 is what the API sends; a blank for the T, a
// zone without a colon and no zone at all (then UTC) are understood.
func Time(value []byte) (*time.Time, error) { return scalar(value, (*node).asTime) }

// Truth reads one JSON value as a truth value; null and "" are nil.
func Truth(value []byte) (*bool, error) { return scalar(value, (*node).asTruth) }

func scalar[T any](value []byte, read func(*node) (*T, error)) (*T, error) {
	n, err := parse(value)
	if err != nil {
		return nil, err
	}
	return read(&n)
}

func (n *node) asText() (*string, error) {
	if n.empty() {
		return nil, nil
	}
	text, err := n.words()
	if err != nil {
		return nil, err
	}
	return &text, nil
}

// words is the value as text; "" where it says nothing.
func (n *node) words() (string, error) {
	if n.empty() {
		return "", nil
	}
	if n.kind != '"' && n.kind != '0' {
		return "", fmt.Errorf("%s where text belongs", kindName(n))
	}
	return withoutNUL(n.text), nil
}

func (n *node) asInteger() (*int64, error) {
	text, err := n.word()
	if text == "" || err != nil {
		return nil, err
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return nil, fmt.Errorf("%s does not fit 64 bits", quote(text))
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not a whole number", quote(text))
	}
	return &v, nil
}

var layouts = [...]string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04Z07:00",
}

func (n *node) asTime() (*time.Time, error) {
	text, err := n.word()
	if text == "" || err != nil {
		return nil, err
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		// Postgres keeps microseconds; RFC 3339 has four digits for a year.
		t = t.UTC().Truncate(time.Microsecond)
		if y := t.Year(); y < 1 || y > 9999 {
			break
		}
		return &t, nil
	}
	return nil, fmt.Errorf("%s is not a time", quote(text))
}

func (n *node) asTruth() (*bool, error) {
	yes, no := true, false
	switch {
	case n.empty():
		return nil, nil
	case n.kind == 't', n.kind == '"' && n.text == "true":
		return &yes, nil
	case n.kind == 'f', n.kind == '"' && n.text == "false":
		return &no, nil
	}
	return nil, errors.New("neither true nor false")
}

// word is the text of a string or number, without white space around it.
func (n *node) word() (string, error) {
	if n.empty() {
		return "", nil
	}
	if n.kind != '"' && n.kind != '0' {
		return "", fmt.Errorf("%s where one value belongs", kindName(n))
	}
	return strings.TrimSpace(n.text), nil
}

func withoutNUL(text string) string { return strings.ReplaceAll(text, "\x00", "\ufffd") }

func kindName(n *node) string {
	switch n.kind {
	case 'n':
		return "null"
	case 't', 'f':
		return "a truth value"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	}
	return "a list"
}

// quote is a text short enough for a message.
func quote(text string) string {
	const most = 60
	if len(text) > most {
		return strconv.QuoteToGraphic(strings.ToValidUTF8(text[:most], "")) + "…"
	}
	return strconv.QuoteToGraphic(text)
}
