package simulator

import (
	"strconv"
	"strings"
	"time"
)

// timeFormat is how the interface writes and takes times, always in UTC.
const timeFormat = "2006-01-02T15:04:05Z"

// A writer builds one record's JSON by hand: the texts that odd records need
// are not texts that an encoder would write.
type writer struct {
	b   []byte
	odd odd
}

func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, `":`...)
}

func (w *writer) text(name, value string) {
	w.key(name)
	w.b = append(w.b, '"')
	w.b = append(w.b, value...)
	w.b = append(w.b, '"')
}

func (w *writer) number(name string, n int64) {
	w.key(name)
	w.bare(n)
}

func (w *writer) bare(n int64) {
	if w.odd == oddTextNumbers {
		w.b = append(w.b, '"')
		w.b = strconv.AppendInt(w.b, n, 10)
		w.b = append(w.b, '"')
		return
	}
	w.b = strconv.AppendInt(w.b, n, 10)
}

func (w *writer) time(name string, unix int64) {
	w.key(name)
	w.b = append(w.b, '"')
	w.b = time.Unix(unix, 0).UTC().AppendFormat(w.b, timeFormat)
	w.b = append(w.b, '"')
}

func (w *writer) empty() {
	switch w.odd {
	case oddNullLists:
		w.b = append(w.b, "null"...)
	case oddBlankLists:
		w.b = append(w.b, `""`...)
	default:
		w.b = append(w.b, "[]"...)
	}
}

// oddEnd writes the fields that only odd records have. They stand in every
// state of the record, so that it is as odd before it ends as after.
func (w *writer) oddEnd() {
	switch w.odd {
	case oddExtraFields:
		w.text("enterprise_project_id", "0")
		w.key("meta")
		w.b = append(w.b, `{"ratio": 0.10, "big":12345678901234567890, "tags":["<a>&b", null]}`...)
	case oddNUL, oddSurrogate, oddUTF8:
		w.text("detail", "odd"+w.odd.inName()+"text")
	case oddDeep:
		w.key("nested")
		w.b = append(w.b, strings.Repeat("[", 300)+strings.Repeat("]", 300)...)
	}
}
