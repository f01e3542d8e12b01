package simulator

import (
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultLimit = 20
	maxLimit     = 100
)

// A query is what a request for a page of actions asks for.
type query struct {
	from, to int64 // times, inclusive, Unix seconds; not given: the least and the greatest
	start    int
	limit    int
	logID    string
	types    []string // in the interface's own spelling; empty: all
	status   string
}

var uuidShape = regexp.MustCompile(`^[0-9a-zA-Z]{8}(-[0-9a-zA-Z]{4}){3}-[0-9a-zA-Z]{12}$`)

// parseQuery reads the parameters, or says with the interface's own code which
// one is wrong.
func parseQuery(v url.Values, f *Faults) (query, *answer) {
	q := query{from: math.MinInt64, to: math.MaxInt64}
	bad := func(code, message string) (query, *answer) {
		a := serviceError(http.StatusBadRequest, code, message)
		return query{}, &a
	}
	edge := int64(0)
	if f.OpenEdges {
		edge = 1
	}
	if v.Has("start_time") {
		t, ok := parseTime(v.Get("start_time"))
		if !ok {
			return bad("AS.9001", "Invalid start_time format, expected yyyy-MM-ddThh:mm:ssZ.")
		}
		q.from = t + edge
	}
	if v.Has("end_time") {
		t, ok := parseTime(v.Get("end_time"))
		if !ok {
			return bad("AS.9002", "Invalid end_time format, expected yyyy-MM-ddThh:mm:ssZ.")
		}
		q.to = t - edge
	}
	var refusal *answer
	if q.start, q.limit, refusal = parsePaging(v, f); refusal != nil {
		return query{}, refusal
	}
	if q.logID = strings.ToLower(v.Get("log_id")); v.Has("log_id") && !uuidShape.MatchString(q.logID) {
		return bad("AS.9005", "Invalid log_id.")
	}
	if v.Has("type") {
		for t := range strings.SplitSeq(v.Get("type"), ",") {
			t = spelt(strings.TrimSpace(t))
			if !slices.Contains(kindNames[:], t) {
				return bad("AS.9012", "Invalid type.")
			}
			q.types = append(q.types, t)
		}
	}
	if q.status = v.Get("status"); v.Has("status") && !slices.Contains([]string{"SUCCESS", "FAIL", "DOING"}, q.status) {
		return bad("AS.9013", "Invalid status.")
	}
	return q, nil
}

// parsePaging reads start_number and limit, which logs and groups share.
func parsePaging(v url.Values, f *Faults) (start, limit int, refusal *answer) {
	bad := func(code, message string) (int, int, *answer) {
		a := serviceError(http.StatusBadRequest, code, message)
		return 0, 0, &a
	}
	if v.Has("start_number") {
		n, err := strconv.ParseInt(v.Get("start_number"), 10, 32)
		if err != nil || n < 0 || f.OffsetCap > 0 && n > int64(f.OffsetCap) {
			return bad("AS.9003", "Invalid start_number.")
		}
		start = int(n)
	}
	limit = defaultLimit
	if v.Has("limit") {
		n, err := strconv.ParseInt(v.Get("limit"), 10, 32)
		if err != nil || n < 0 || n > maxLimit {
			return bad("AS.9004", "Invalid limit, the value ranges from 0 to 100.")
		}
		limit = int(n)
	}
	if f.ClampLimit > 0 {
		limit = min(limit, f.ClampLimit)
	}
	return start, limit, nil
}

// parseTime takes the one format that the interface takes. (time.Parse alone
// would let fractions of a second pass.)
func parseTime(s string) (int64, bool) {
	t, err := time.Parse(timeFormat, s)
	return t.Unix(), err == nil && len(s) == len(timeFormat)
}
