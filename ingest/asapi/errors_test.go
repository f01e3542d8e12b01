package asapi

import (
	"errors"
	"testing"

	"aslogd/ingest"
)

// Only the refusal that names the start_number says how deep one may ask.
func TestARefusedOffset(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    Error
		offset bool
	}{
		{Error{Status: 400, Code: "AS.9003", group: true}, true},
		{Error{Status: 400, Code: "AS.9004", group: true}, false},
		{Error{Status: 403, group: true}, false},
		{Error{Status: 404, group: true}, false},
		{Error{Status: 503, Code: "AS.9003", group: true}, false},
	} {
		if got := errors.Is(&c.err, ingest.ErrOffset); got != c.offset {
			t.Errorf("%s: %v", c.err.Error(), got)
		}
	}
}
