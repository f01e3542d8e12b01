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
func Parse(raw []byte) (*Action, error) {
	record, err := parse(raw)
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
	a := &Action{Raw: raw, ID: readableID(&record)}
	if a.ID == "" {
		return nil, &Refused{Reason: NoID, Detail: "the record has no id"}
	}
	a.read(&record)
	a.Hash = hash(&record)
	return a, nil
}

// readableID is the record's id, "" where there is none.
func readableID(record *node) string {
	n := record.get("id")
	if n == nil {
		return ""
	}
	if text, err := n.asText(); err == nil && text != nil && strings.TrimSpace(*text) != "" {
		return *text
	}
	return ""
}

// read fills the action from the record and, going along, brings the record's
// tree into normal form, so that the hash sees known fields as they are stored,
// and everything else as it was sent.
func (a *Action) read(record *node) {
	if id := record.get("id"); id != nil {
		id.set(a.ID)
	}
	a.Status = a.text(record, "status", "")
	if a.Status != nil && *a.Status == "DING" {
		*a.Status = "DOING"
		record.get("status").set(*a.Status)
	}
	a.Type = a.text(record, "type", "")
	if a.Type != nil && strings.HasPrefix(*a.Type, "MANNUAL_") {
		*a.Type = "MANUAL_" + strings.TrimPrefix(*a.Type, "MANNUAL_")
		record.get("type").set(*a.Type)
	}
	a.StartTime = a.time(record, "start_time", "")
	a.EndTime = a.time(record, "end_time", "")
	a.InstanceValue = a.integer(record, "instance_value", "")
	a.DesireValue = a.integer(record, "desire_value", "")
	a.ScalingValue = a.integer(record, "scaling_value", "")
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

func (a *Action) fault(field string, err error) {
	switch {
	case len(a.Faults) < maxFaults:
		a.Faults = append(a.Faults, Fault{Field: field, Problem: err.Error()})
	case len(a.Faults) == maxFaults:
		a.Faults = append(a.Faults, Fault{Field: "(others)", Problem: fmt.Sprintf("more than %d fields could not be read", maxFaults)})
	}
}

// text, integer and time read a member of an object that stands at path, note a
// fault where it cannot be read, and leave its normal form in the tree.

func (a *Action) text(of *node, name, path string) *string {
	n := of.get(name)
	if n == nil {
		return nil
	}
	v, err := n.asText()
	if err != nil {
		a.fault(path+name, err)
	} else if v != nil {
		n.set(*v)
	}
	return v
}

func (a *Action) integer(of *node, name, path string) *int64 {
	n := of.get(name)
	if n == nil {
		return nil
	}
	v, err := n.asInteger()
	switch {
	case err != nil:
		a.fault(path+name, err)
	case v == nil:
		n.clear()
	default:
		n.set(strconv.FormatInt(*v, 10))
	}
	return v
}

func (a *Action) time(of *node, name, path string) *time.Time {
	n := of.get(name)
	if n == nil {
		return nil
	}
	v, err := n.asTime()
	switch {
	case err != nil:
		a.fault(path+name, err)
	case v == nil:
		n.clear()
	default:
		n.set(v.Format(time.RFC3339Nano))
	}
	return v
}

// content reads a member that is kept as text whatever it is: a string's
// content, or the JSON text as sent.
func (a *Action) content(of *node, name string) *string {
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
		v = string(n.raw)
	}
	return &v
}
