package ingest

import "errors"

// ErrNoGroup is an answer that says there is no such group.
var ErrNoGroup = errors.New("no such group")

// ErrRefused is an answer that will be the same next time (denied, project
// mismatch, a parameter that the API does not take): asking on is of no use
// until someone mends a right or a setting.
var ErrRefused = errors.New("refused")

// ErrOffset is a refusal that names the start_number as its cause.
var ErrOffset = errors.New("start_number refused")

// ErrNotJSON is an answer that is no page: HTML, half a JSON, too large.
var ErrNotJSON = errors.New("not a page")

// A PartError is an answer that does not say how many rows there are, though rows
// can be read of it. They are worth keeping, and prove nothing.
type PartError struct {
	Page   *Page
	Detail string
}

func (e *PartError) Error() string { return "not a page: " + e.Detail }

// Is makes errors.Is(err, ErrNotJSON) true.
func (e *PartError) Is(target error) bool { return target == ErrNotJSON }

// A PageError is an answer that is no page, with what goes to quarantine.
type PageError struct {
	Reject Reject
}

func (e *PageError) Error() string { return "not a page: " + e.Reject.Detail }

// Is makes errors.Is(err, ErrNotJSON) true.
func (e *PageError) Is(target error) bool { return target == ErrNotJSON }
