// Package action is one scaling action as a record of the API's log: its
// normal form, the hash that says whether two payloads are the same record,
// and the faults of what could not be read.
//
// # The content hash
//
// Two payloads are the same record when their hashes are equal: one byte Form,
// then SHA-256 over the canonical form of the whole record, which is
//
//	null, "", [] or absent   -                 as an item; left out as a member
//	true, false              t, f
//	a string or a number     "LENGTH:BYTES     LENGTH in bytes, decimal
//	an object                {MEMBERS}         each LENGTH:NAME then its value,
//	                                           in byte order of the names; of a
//	                                           name that stands twice, the last
//	an array                 [ITEMS]           in byte order of their own forms
//
// where a number is its text as sent, and known fields stand in normal form:
// whole numbers in decimal; times in UTC, RFC 3339, at most microseconds; NUL in
// text as U+FFFD; MANUAL_ for MANNUAL_ in the type and DOING for DING in the
// status; a name in an instance list, alone or joined by commas, as the object
// {"instance_name":NAME}; blank numbers and times, and an lbaas_listener with
// nothing in it, as absent. So white space, the order of keys and lists, null or
// "" for [], and "0" for 0 make no difference. Everything else does: fields that
// nobody knows, at any level, and values that could not be read, in the form in
// which they were sent. A description is text; what is inside it makes a
// difference by every byte.
package action

import "time"

// Form is the version of the normal form. It stands in the first byte of every
// content hash, so that a release with another normal form can tell that two
// hashes are not comparable and normalise the stored text again instead of
// taking every record for changed.
const Form = 1

// An Action is one record in normal form. A nil pointer is a value that was
// absent, null, blank, or could not be read (then Faults names the field).
type Action struct {
	ID            string
	Status        *string // DOING, SUCCESS, FAIL, or another text as sent
	Type          *string
	StartTime     *time.Time // UTC
	EndTime       *time.Time // UTC
	InstanceValue *int64
	DesireValue   *int64
	ScalingValue  *int64
	Description   *string
	Reasons       []Reason
	Instances     []Instance
	LoadBalancers []LoadBalancer

	Raw    []byte  // the record's text byte for byte as the API sent it
	Hash   []byte  // content hash: Form, then SHA-256; 33 bytes
	Faults []Fault // fields that could not be read; their values are nil
}

// A Reason is one entry of the reason list inside a description.
type Reason struct {
	Ordinal           int
	ChangeReason      *string
	ChangeTime        *time.Time
	OldValue          *int64
	NewValue          *int64
	ScalingPolicyID   *string
	ScalingPolicyName *string
}

// An Instance is one entry of one of the instance lists. Outcome says which:
// added, removed, deleted, failed, standby or unknown; Ordinal counts from 0
// within an outcome.
type Instance struct {
	Outcome        string
	Ordinal        int
	InstanceID     *string
	InstanceName   *string
	FailedReason   *string
	FailedDetails  *string
	InstanceConfig *string
}

// A LoadBalancer is one entry of one of the load balancer lists. Outcome says
// which: bind_success, bind_failed, unbind_success or unbind_failed.
type LoadBalancer struct {
	Outcome       string
	Ordinal       int
	ListenerID    *string
	PoolID        *string
	ProtocolPort  *int64
	Weight        *int64
	Listener      *string
	FailedReason  *string
	FailedDetails *string
}

// A Fault is a field that could not be read. Problem is for people.
type Fault struct {
	Field   string
	Problem string
}

// Open reports whether the action has not ended. SUCCESS and FAIL are ends;
// DOING is none; a status that nobody has heard of is taken for an end when
// the record has an end time.
func (a *Action) Open() bool {
	if a.Status != nil {
		switch *a.Status {
		case "SUCCESS", "FAIL":
			return false
		case "DOING":
			return true
		}
	}
	return a.EndTime == nil
}
