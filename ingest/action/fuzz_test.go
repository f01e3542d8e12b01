package action

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Whatever comes, Parse answers, and says the same of the same record written
// otherwise: with other white space, in another order, with more that says
// nothing, and in normal form already.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/parse/*.json")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil {
			f.Add(raw)
		}
	}
	f.Add([]byte(`{"id":1,"a":[[],{},null,"",0]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := Parse(raw)
		if err != nil {
			return
		}
		spaced := jsontext.Value(bytes.Clone(raw))
		if err := spaced.Indent(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
			t.Fatalf("indent: %v", err)
		}
		for name, again := range map[string][]byte{
			"spaced": spaced, "reversed": reversed(t, raw), "padded": padded(raw), "in normal form": normal(t, raw),
		} {
			b, err := Parse(again)
			if err != nil {
				t.Fatalf("%s: taken once, then refused: %v\n%s", name, err, again)
			}
			if !bytes.Equal(a.Hash, b.Hash) {
				t.Fatalf("%s: two hashes of one record:\n%s\n%s", name, raw, again)
			}
			if a.Open() != b.Open() || len(a.Instances) != len(b.Instances) || len(a.LoadBalancers) != len(b.LoadBalancers) {
				t.Fatalf("%s: one hash, two normal forms:\n%s\n%s", name, raw, again)
			}
		}
		for _, s := range []*string{&a.ID, a.Status, a.Type, a.Description} {
			if s != nil && strings.Contains(*s, "\x00") {
				t.Fatalf("a NUL that Postgres will not take: %q", *s)
			}
		}
	})
}

// What the quick reader takes, it takes for what the strict one does.
func FuzzScan(f *testing.F) {
	files, _ := filepath.Glob("testdata/parse/*.json")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil {
			f.Add(string(raw))
		}
	}
	for _, text := range []string{
		`{"b":1,"a":2,"b":3}`, `[1,[2,{}],[]]`, ` "\u00e9\ud83d\ude00\n\/" `, `"\ud83d"`, `"\ud83d\u0041"`, `"\x"`, `-0.5e+07`, `01`, `1.`, `[1,]`, `{"a":1,}`,
		"\"a\x00\"", "\"\xff\"", `{"a" : [ true , false , null ] }`, `nul`, `{}x`, `"a\"b\\"`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := new(room).scan(text)
		strict, err := parseStrictly(text)
		switch {
		case !ok && err == nil && utf8.ValidString(text) && json.Valid([]byte(text)) && !strings.Contains(strings.ToLower(text), `\ud`):
			t.Fatalf("%q is sound JSON, has no lone surrogate, and was not taken", text)
		case ok && err != nil:
			t.Fatalf("%q was taken, and should not be: %v", text, err)
		case ok && !reflect.DeepEqual(n, strict):
			t.Fatalf("%q was taken for\n%+v\nand is\n%+v", text, n, strict)
		}
	})
}

// A number's text is never bent: what is read as a whole number is the number
// that arithmetic without bounds makes of it, and a time that is written in
// normal form is the same time again.
func FuzzScalar(f *testing.F) {
	for _, s := range []string{
		`0`, `"0"`, `-0`, `" 7 "`, `"+7"`, `1e3`, `1.0`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `"0x10"`, `"1_000"`, `null`, `""`, `[]`,
		`"2026-01-31T00:00:00Z"`, `"2026-01-31 00:00:00"`, `"2026-01-31T00:00:00.1234567+0530"`, `"2026-01-31T00:00Z"`,
		`"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59-23:59"`, `"2026-02-30T00:00:00Z"`, `"2016-12-31T23:59:60Z"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if v, err := Integer(value); err == nil && v != nil {
			text, err := Text(value)
			if err != nil || text == nil {
				t.Fatalf("%q is a number and no text: %v", value, err)
			}
			exact, ok := new(big.Int).SetString(strings.TrimSpace(*text), 10)
			if !ok || !exact.IsInt64() || exact.Int64() != *v {
				t.Fatalf("%q was read as %d, it is %v", value, *v, exact)
			}
		}
		if at, err := Time(value); err == nil && at != nil {
			quoted, _ := json.Marshal(at.Format(time.RFC3339Nano))
			again, err := Time(quoted)
			if err != nil || !again.Equal(*at) || at.Location() != time.UTC || at.Nanosecond()%1000 != 0 {
				t.Fatalf("%q was read as %v, and that as %v: %v", value, at, again, err)
			}
		}
		_, _ = Truth(value)
	})
}

// padded puts members that say nothing before all others.
func padded(raw []byte) []byte {
	before, rest, _ := bytes.Cut(raw, []byte("{"))
	n := `"~empty":[],"~null":null,"~blank":""`
	if !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("}")) {
		n += ","
	}
	return slices.Concat(before, []byte("{"+n), rest)
}

// normal writes a record anew as its normal form has it.
func normal(t *testing.T, raw []byte) []byte {
	t.Helper()
	n, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	a := reading{Action: &Action{ID: readableID(&n)}, room: new(room)}
	a.read(&n)
	return appendReversed(nil, &n)
}

// reversed writes a record anew with its keys and lists in reverse.
func reversed(t *testing.T, raw []byte) []byte {
	t.Helper()
	n, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return appendReversed(nil, &n)
}

func appendReversed(dst []byte, n *node) []byte {
	switch n.kind {
	case 'n':
		return append(dst, "null"...)
	case 't':
		return append(dst, "true"...)
	case 'f':
		return append(dst, "false"...)
	case '0':
		return append(dst, n.text...)
	case '"':
		quoted, _ := json.Marshal(n.text)
		return append(dst, quoted...)
	}
	dst = append(dst, byte(n.kind))
	for i, m := range slices.Backward(n.kids) {
		if n.kind == '{' {
			name, _ := json.Marshal(m.name)
			dst = append(append(dst, name...), ':')
		}
		dst = appendReversed(dst, &n.kids[i].node)
		if i > 0 {
			dst = append(dst, ',')
		}
	}
	if n.kind == '{' {
		return append(dst, '}')
	}
	return append(dst, ']')
}
