package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The checking side of SDK-HMAC-SHA256. It rebuilds, from what arrived, the
// text that an honest caller must have signed; it shares nothing with the
// signing side, so that an error in one is not repeated in the other.

const (
	signatureScheme = "SDK-HMAC-SHA256"
	sdkDateFormat   = "20060102T150405Z"
	clockTolerance  = 15 * time.Minute
)

// checkSignature says what is wrong with the request's signature, or nothing.
func checkSignature(r *http.Request, access, secret string, now time.Time) error {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), signatureScheme+" ")
	if !ok {
		return fmt.Errorf("authorization header is not of %s", signatureScheme)
	}
	part := map[string]string{}
	for f := range strings.SplitSeq(fields, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(f), "=")
		part[k] = v
	}
	if part["Access"] != access {
		return fmt.Errorf("ak %s not exist", part["Access"])
	}
	stamp := r.Header.Get("X-Sdk-Date")
	at, err := time.Parse(sdkDateFormat, stamp)
	if err != nil {
		return fmt.Errorf("x-sdk-date is not of %s", sdkDateFormat)
	}
	if now.Sub(at).Abs() > clockTolerance {
		return fmt.Errorf("signature expired")
	}
	names := strings.Split(part["SignedHeaders"], ";")
	if !slices.Contains(names, "x-sdk-date") {
		return fmt.Errorf("x-sdk-date is not signed")
	}
	text, err := signedText(r, names)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(text))
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s\n%s\n%s", signatureScheme, stamp, hex.EncodeToString(digest[:]))
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(strings.ToLower(part["Signature"]))) {
		return fmt.Errorf("verify aksk signature fail")
	}
	return nil
}

// signedText is method, path, query, headers, their names and the body's
// digest, a line each, in canonical form.
func signedText(r *http.Request, names []string) (string, error) {
	var headers strings.Builder
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	body := r.Header.Get("X-Sdk-Content-Sha256")
	if body == "" {
		content, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return "", fmt.Errorf("read the body: %w", err)
		}
		sum := sha256.Sum256(content)
		body = hex.EncodeToString(sum[:])
	}
	return strings.Join([]string{
		r.Method, canonicalPath(r.URL.Path), canonicalQuery(r.URL.Query()),
		headers.String(), strings.Join(names, ";"), body,
	}, "\n"), nil
}

// canonicalPath escapes each part and ends with a slash.
func canonicalPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = percent(p)
	}
	path = strings.Join(parts, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	return path
}

// canonicalQuery sorts by key, then by value.
func canonicalQuery(query map[string][]string) string {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(query)) {
		for _, v := range slices.Sorted(slices.Values(query[k])) {
			pairs = append(pairs, percent(k)+"="+percent(v))
		}
	}
	return strings.Join(pairs, "&")
}

// percent escapes all but the characters that RFC 3986 calls unreserved.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
