package asapi

import (
	"errors"
	"fmt"
	"io"

	"aslogd/ingest/action"
)

// An answer is split into its records by counting brackets, before anything is
// decoded. A record that no JSON decoder would take, with a raw control
// character or a NaN in it, is thereby one bad record instead of a page that
// nobody can read; and every record keeps its bytes.

var errNotObject = errors.New("no JSON object")

// members calls yield with each name and value of the object that text is.
func members(text []byte, yield func(name string, value []byte) error) error {
	return elements(text, '{', '}', func(s *splitter) error {
		quoted, err := s.value()
		if err != nil {
			return err
		}
		name, err := action.Text(quoted)
		if err != nil {
			return fmt.Errorf("a name that is none: %w", err)
		}
		if s.next() != ':' {
			return errors.New("a name without a value")
		}
		s.at++
		value, err := s.value()
		if err != nil {
			return err
		}
		if name == nil {
			return nil
		}
		return yield(*name, value)
	})
}

// items calls yield with each item of the array that text is.
func items(text []byte, yield func(value []byte) error) error {
	return elements(text, '[', ']', func(s *splitter) error {
		value, err := s.value()
		if err != nil {
			return err
		}
		return yield(value)
	})
}

func elements(text []byte, open, end byte, each func(*splitter) error) error {
	s := splitter{text: text}
	if s.next() != open {
		if open == '{' {
			return errNotObject
		}
		return errors.New("no JSON array")
	}
	s.at++
	for first := true; ; first = false {
		c := s.next()
		if c == end {
			s.at++
			if s.next() != 0 || s.at < len(text) {
				return errors.New("more text after the end")
			}
			return nil
		}
		if !first {
			if c != ',' {
				return s.unexpected()
			}
			s.at++
		}
		if err := each(&s); err != nil {
			return err
		}
	}
}

type splitter struct {
	text []byte
	at   int
}

// next skips white space and looks at what follows; 0 at the end.
func (s *splitter) next() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// value takes the next value: a string, everything between matching brackets,
// or a word. What is inside is not looked at.
func (s *splitter) value() ([]byte, error) {
	first := s.next()
	start, depth := s.at, 0
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case '"':
			if err := s.skipString(); err != nil {
				return nil, err
			}
			if depth == 0 && first == '"' {
				return s.text[start:s.at], nil
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return s.word(start)
			}
			if depth--; depth == 0 {
				s.at++
				return s.text[start:s.at], nil
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return s.word(start)
			}
		}
		s.at++
	}
	return nil, io.ErrUnexpectedEOF
}

func (s *splitter) word(start int) ([]byte, error) {
	if s.at == start {
		return nil, s.unexpected()
	}
	return s.text[start:s.at], nil
}

func (s *splitter) skipString() error {
	for at := s.at + 1; at < len(s.text); at++ {
		switch s.text[at] {
		case '"':
			s.at = at + 1
			return nil
		case '\\':
			at++
		}
	}
	s.at = len(s.text)
	return io.ErrUnexpectedEOF
}

func (s *splitter) unexpected() error {
	if s.at >= len(s.text) {
		return io.ErrUnexpectedEOF
	}
	return fmt.Errorf("unexpected %q at byte %d", s.text[s.at], s.at)
}
