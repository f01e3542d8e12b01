package action

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The reasons for which a record is refused whole.
const (
	NotJSON   = "not_json"   // no JSON text: a bad literal, a raw control character
	NotObject = "not_object" // JSON, and no object
	NotUTF8   = "not_utf8"
	TooDeep   = "too_deep" // nested deeper than 200
	NoID      = "no_id"
)

// A Refused is a record that could not be taken at all. ID is the record's id
// where one could be read, Detail is for people.
type Refused struct {
	Reason string
	Detail string
	ID     string
}

func (r *Refused) Error() string { return "record refused: " + r.Reason + ": " + r.Detail }

// Parse reads one record's JSON text into normal form. It keeps raw, which must
// not change afterwards. The error is a *Refused, for a record that goes to
// quarantine whole; a field that cannot be read is nil and stands in Faults.
func Parse(raw []byte) (*Action, error) { return parseRecord(raw, true) }

// Read is Parse without the hash, for who knows already which record it is.
func Read(raw []byte) (*Action, error) { return parseRecord(raw, false) }

func parseRecord(raw []byte, hashed bool) (*Action, error) {
	room := rooms.Get().(*room)
	defer room.leave()
	record, err := room.tree(string(raw))
	switch {
	case errors.Is(err, errDeep):
		return nil, &Refused{Reason: TooDeep, Detail: err.Error(), ID: readableID(&record)}
	case err != nil && strings.Contains(err.Error(), "exceeded max depth"):
		return nil, &Refused{Reason: TooDeep, Detail: "nested deeper than anything sane"}
	case err != nil:
		return nil, &Refused{Reason: NotJSON, Detail: err.Error()}
	case record.kind != '{':
		return nil, &Refused{Reason: NotObject, Detail: kindName(&record) + " where a record belongs"}
	case !utf8.Valid(raw):
		return nil, &Refused{Reason: NotUTF8, Detail: "bytes that are no UTF-8", ID: readableID(&record)}
	}
	a := reading{Action: &Action{Raw: raw, ID: readableID(&record)}, room: room}
	if a.ID == "" {
		return nil, &Refused{Reason: NoID, Detail: "the record has no id"}
	}
	a.read(&record)
	if hashed {
		a.Hash, room.form = hash(room.form[:0], &record)
	}
	return a.Action, nil
}

// A reading is an action while it is read from its tree. Texts are kept side by
// side, so that one allocation serves many pointers.
type reading struct {
	*Action
	room  *room
	texts []string
}

// keep is a pointer to a text.
func (a *reading) keep(text string) *string {
	if len(a.texts) == cap(a.texts) {
		a.texts = make([]string, 0, 16)
	}
	a.texts = append(a.texts, text)
	return &a.texts[len(a.texts)-1]
}

// readableID is the record's id, "" where there is none. It is remembered for
// longer than the record, and so is no part of its text.
func readableID(record *node) string {
	n := record.get("id")
	if n == nil {
		return ""
	}
	if text, err := n.words(); err == nil && strings.TrimSpace(text) != "" {
		return strings.Clone(text)
	}
	return ""
}

// read fills the action from the record and, going along, brings the record's
// tree into normal form, so that the hash sees known fields as they are stored,
// and everything else as it was sent.
func (a *reading) read(record *node) {
	if id := record.get("id"); id != nil {
		id.set(a.ID)
	}
	a.Status = a.text(record, "status", place{})
	if a.Status != nil && *a.Status == "DING" {
		*a.Status = "DOING"
		record.get("status").set(*a.Status)
	}
	a.Type = a.text(record, "type", place{})
	if a.Type != nil && strings.HasPrefix(*a.Type, "MANNUAL_") {
		*a.Type = "MANUAL_" + strings.TrimPrefix(*a.Type, "MANNUAL_")
		record.get("type").set(*a.Type)
	}
	a.StartTime = a.time(record, "start_time", place{})
	a.EndTime = a.time(record, "end_time", place{})
	a.InstanceValue = a.integer(record, "instance_value", place{})
	a.DesireValue = a.integer(record, "desire_value", place{})
	a.ScalingValue = a.integer(record, "scaling_value", place{})
	a.describe(record)
	for _, l := range instanceLists {
		a.instances(record, l.name, l.outcome)
	}
	for _, l := range balancerLists {
		a.balancers(record, l.name, l.outcome)
	}
}

// maxFaults bounds what one mad record can send to quarantine; the last fault
// then says that there are more. The raw text tells the rest.
const maxFaults = 50

func (a *reading) fault(field string, err error) {
	switch {
	case len(a.Faults) < maxFaults:
		a.Faults = append(a.Faults, Fault{Field: field, Problem: err.Error()})
	case len(a.Faults) == maxFaults:
		a.Faults = append(a.Faults, Fault{Field: "(others)", Problem: fmt.Sprintf("more than %d fields could not be read", maxFaults)})
	}
}

// text, integer and time read a member of an object that stands at a place, note
// a fault where it cannot be read, and leave its normal form in the tree.

func (a *reading) text(of *node, name string, at place) *string {
	n := of.get(name)
	if n.empty() {
		return nil
	}
	text, err := n.words()
	if err != nil {
		a.fault(at.of(name), err)
		return nil
	}
	n.set(text)
	return a.keep(text)
}

func (a *reading) integer(of *node, name string, at place) *int64 {
	n := of.get(name)
	if n == nil {
		return nil
	}
	v, err := n.asInteger()
	switch {
	case err != nil:
		a.fault(at.of(name), err)
	case v == nil:
		n.clear()
	default:
		n.set(decimal(n.text, *v))
	}
	return v
}

func (a *reading) time(of *node, name string, at place) *time.Time {
	n := of.get(name)
	if n == nil {
		return nil
	}
	v, err := n.asTime()
	switch {
	case err != nil:
		a.fault(at.of(name), err)
	case v == nil:
		n.clear()
	case !asStored(n.text):
		n.set(v.Format(time.RFC3339Nano))
	default:
		n.set(n.text)
	}
	return v
}

// decimal is a number in normal form, which most are sent in.
func decimal(sent string, v int64) string {
	if sent != "" && (sent == "0" || '1' <= sent[0] && sent[0] <= '9') {
		if last := sent[len(sent)-1]; '0' <= last && last <= '9' {
			return sent // it was read as v, so what is in between is digits
		}
	}
	return strconv.FormatInt(v, 10)
}

// asStored reports whether a text that was read as a time is its normal form
// already: 2006-01-02T15:04:05Z.
func asStored(t string) bool {
	return len(t) == 20 && t[4] == '-' && t[7] == '-' && t[10] == 'T' && t[13] == ':' && t[16] == ':' && t[19] == 'Z'
}

// A place is where a field stands in a record, for faults. It is put into words
// only where there is one.
type place struct {
	list   string // "" for the record itself
	item   int
	member string // of the item, where the field stands deeper
}

func (p place) of(name string) string {
	switch {
	case p.list == "":
		return name
	case p.member == "":
		return fmt.Sprintf("%s[%d].%s", p.list, p.item, name)
	}
	return fmt.Sprintf("%s[%d].%s.%s", p.list, p.item, p.member, name)
}

// content reads a member that is kept as text whatever it is: a string's
// content, or the JSON text as sent.
func (a *reading) content(of *node, name string) *string {
	n := of.get(name)
	if n.empty() {
		return nil
	}
	var v string
	switch n.kind {
	case '"', '0':
		v = withoutNUL(n.text)
		n.text = v
	case 't':
		v = "true"
	case 'f':
		v = "false"
	default:
		v = n.raw
	}
	return a.keep(v)
}
