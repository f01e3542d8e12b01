package simulator

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// The vectors were made with the vendor's own signer, for the client's tests;
// the checking side must take every one, and none that was touched.
func TestSignaturesOfTheVendorAreTaken(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../ingest/asapi/testdata/aksk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		AccessKey string `json:"access_key"`
		SecretKey string `json:"secret_key"`
		Vectors   []struct {
			Name, Method, Host, Path, Body, Authorization string
			Query                                         [][2]string
			Headers                                       map[string]string
		}
	}
	if err := json.Unmarshal(text, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatal(err, len(file.Vectors))
	}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			check := func(method, host, extra, body, access, secret string, late time.Duration) error {
				var query []string
				for _, q := range v.Query {
					query = append(query, percent(q[0])+"="+percent(q[1]))
				}
				if extra != "" {
					query = append(query, extra)
				}
				path, err := url.PathUnescape(v.Path)
				if err != nil {
					t.Fatal(err)
				}
				r := httptest.NewRequest(method, "https://"+host+(&url.URL{Path: path}).EscapedPath()+"?"+strings.Join(query, "&"), strings.NewReader(body))
				for name, value := range v.Headers {
					r.Header.Set(name, value)
				}
				r.Header.Set("Authorization", v.Authorization)
				at, err := time.Parse(sdkDateFormat, r.Header.Get("X-Sdk-Date"))
				if err != nil {
					t.Fatal(err)
				}
				return checkSignature(r, access, secret, at.Add(late))
			}
			if err := check(v.Method, v.Host, "", v.Body, file.AccessKey, file.SecretKey, time.Minute); err != nil {
				t.Errorf("refused: %v", err)
			}
			for what, err := range map[string]error{
				"another method":  check("PATCH", v.Host, "", v.Body, file.AccessKey, file.SecretKey, 0),
				"another host":    check(v.Method, "evil.test", "", v.Body, file.AccessKey, file.SecretKey, 0),
				"a parameter too": check(v.Method, v.Host, "zz=1", v.Body, file.AccessKey, file.SecretKey, 0),
				"another body":    check(v.Method, v.Host, "", v.Body+"x", file.AccessKey, file.SecretKey, 0),
				"another key":     check(v.Method, v.Host, "", v.Body, "AKX", file.SecretKey, 0),
				"another secret":  check(v.Method, v.Host, "", v.Body, file.AccessKey, "wrong", 0),
				"an old one":      check(v.Method, v.Host, "", v.Body, file.AccessKey, file.SecretKey, time.Hour),
			} {
				if err == nil && !(what == "another body" && v.Headers["X-Sdk-Content-Sha256"] != "") {
					t.Errorf("%s is taken", what)
				}
			}
		})
	}
}
