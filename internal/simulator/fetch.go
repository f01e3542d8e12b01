package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// A Text is a record's bytes. In JSON it is a string, or {"bytes": base64}
// where the bytes are not UTF-8.
type Text []byte

type textBytes struct {
	Bytes []byte `json:"bytes"`
}

// MarshalJSON writes the text so that it can be read back byte for byte.
func (t Text) MarshalJSON() ([]byte, error) {
	if utf8.Valid(t) {
		return json.Marshal(string(t))
	}
	return json.Marshal(textBytes{t})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var v textBytes
		err := json.Unmarshal(b, &v)
		*t = v.Bytes
		return err
	}
	var s string
	err := json.Unmarshal(b, &s)
	*t = Text(s)
	return err
}

// FetchTruth asks the simulator at base (scheme and host) for its truth, texts
// included.
func FetchTruth(ctx context.Context, base string) (*Truth, error) {
	var t Truth
	if err := fetch(ctx, base, "truth", &t); err != nil {
		return nil, err
	}
	return &t, nil
}

// FetchPolls asks the simulator at base (scheme and host) for its polls.
func FetchPolls(ctx context.Context, base string) (all []Polls, err error) {
	err = fetch(ctx, base, "polls", &all)
	return all, err
}

// FetchCounts asks the simulator at base (scheme and host) for its counts.
func FetchCounts(ctx context.Context, base string) (c Counts, err error) {
	err = fetch(ctx, base, "counts", &c)
	return c, err
}

// fetch asks the simulator at base for what it tells under a name of itself.
func fetch(ctx context.Context, base, what string, into any) error {
	where, err := url.JoinPath(strings.TrimSuffix(base, "/"), what)
	if err != nil {
		return fmt.Errorf("ask %s for the %s: %w", base, what, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return fmt.Errorf("ask %s for the %s: %w", base, what, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask %s for the %s: %w", base, what, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s for the %s: %s", base, what, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("read the %s of %s: %w", what, base, err)
	}
	return nil
}
