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
	where, err := url.JoinPath(strings.TrimSuffix(base, "/"), "truth")
	if err != nil {
		return nil, fmt.Errorf("ask %s for the truth: %w", base, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s for the truth: %w", base, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s for the truth: %w", base, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s for the truth: %s", base, resp.Status)
	}
	var t Truth
	if err := json.NewDecoder(resp.Body).Decode(&t); err != nil {
		return nil, fmt.Errorf("read the truth of %s: %w", base, err)
	}
	return &t, nil
}
