package action

import (
	"strings"
	"testing"
	"unsafe"
)

// What breaks: ids are remembered for as long as a pass or a group lives, and a
// record may be large. What must hold: an id does not keep the record's text.
func TestLaw09AnIDKeepsNoRecord(t *testing.T) {
	t.Parallel()
	raw := `{"id":"one","description":"many words"}`
	a, err := Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if within(*a.Description, a.ID, strings.Index(raw, "many")-strings.Index(raw, "one")) {
		t.Error("the id of an action is a part of its record's text")
	}
}

// What breaks: a large value, nested deep, in a record that the quick reader does
// not take. What must hold: its text is kept once, and not once a level.
func TestLaw09ADeepRecordIsKeptOnce(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("[", 50) + `"\ud83d ` + strings.Repeat("x", 1000) + `"` + strings.Repeat("]", 50)
	outer, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for n := &outer; n.kids[0].kind == '['; n = &n.kids[0].node {
		if !within(n.kids[0].raw, n.raw, 1) {
			t.Fatal("an inner list's text is a copy of its own")
		}
	}
}

// within reports whether part lies so far behind the beginning of whole.
func within(part, whole string, at int) bool {
	address := func(s string) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(s))) }
	return address(part) == address(whole)+uintptr(at)
}
