package asapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// sign adds the Authorization header. What is signed: the method, the path with
// a slash at its end, the query and the headers that are set by now with the
// host, each in byte order, and the body's SHA-256.
func sign(req *http.Request, access, secret string, body []byte) {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	headers := map[string]string{"host": host}
	for name, values := range req.Header {
		headers[strings.ToLower(name)] = strings.TrimSpace(strings.Join(values, ","))
	}
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	signed := strings.Join(names, ";")

	c := &strings.Builder{}
	fmt.Fprintf(c, "%s\n%s\n%s\n", req.Method, canonicalPath(req.URL.Path), canonicalQuery(req.URL.Query()))
	for _, name := range names {
		fmt.Fprintf(c, "%s:%s\n", name, headers[name])
	}
	fmt.Fprintf(c, "\n%s\n%s", signed, hexSHA256(body))

	toSign := "SDK-HMAC-SHA256\n" + req.Header.Get("X-Sdk-Date") + "\n" + hexSHA256([]byte(c.String()))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(toSign))
	req.Header.Set("Authorization", fmt.Sprintf("SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%x",
		access, signed, mac.Sum(nil)))
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func canonicalPath(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = escape(parts[i])
	}
	path = strings.Join(parts, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	return path
}

func canonicalQuery(query url.Values) string {
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	pairs := make([]string, 0, len(query))
	for _, name := range names {
		for _, value := range slices.Sorted(slices.Values(query[name])) {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	return strings.Join(pairs, "&")
}

// escape leaves letters, digits and -_.~ as they are.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
