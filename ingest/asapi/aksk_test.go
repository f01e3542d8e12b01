package asapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// The vectors were made with the vendor's own signer; the file says which.
func TestSignatureIsTheVendors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/aksk.json")
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
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) < 10 {
		t.Fatalf("only %d vectors", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			path, err := url.PathUnescape(v.Path)
			if err != nil {
				t.Fatal(err)
			}
			query := url.Values{}
			for _, q := range v.Query {
				query.Add(q[0], q[1])
			}
			req := &http.Request{Method: v.Method, Host: v.Host, Header: http.Header{},
				URL: &url.URL{Scheme: "https", Host: v.Host, Path: path, RawQuery: query.Encode()}}
			for name, value := range v.Headers {
				req.Header.Set(name, value)
			}
			sign(req, file.AccessKey, file.SecretKey, []byte(v.Body))
			if got := req.Header.Get("Authorization"); got != v.Authorization {
				t.Errorf("got  %s\nwant %s", got, v.Authorization)
			}
		})
	}
}

// Breaks: the key is replaced in its file while the daemon runs. Mends: the
// next refusal reads the file again. Holds: one more request, no error; and a
// key that stayed the same is not tried twice.
func TestKeysAreReadAgainAfterARefusal(t *testing.T) {
	t.Parallel()
	secret := "old"
	text := func(s *string) Secret { return func() (string, error) { return *s, nil } }
	access := "AK1"
	auth := NewAKSK(AKSKConfig{Project: "p", AccessKey: text(&access), SecretKey: text(&secret)})
	cloud := &fakeCloud{reply: func(n int, req *http.Request) (*http.Response, error) {
		if n == 1 {
			return reply(200, emptyPage)
		}
		if strings.Contains(req.Header.Get("Authorization"), "Access=AK2") {
			return reply(200, emptyPage)
		}
		return reply(401, `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: ak AK1 not exist"}`)
	}}
	c := newClient(t, cloud, auth, nil)
	if _, err := ask(t, c); err != nil {
		t.Fatal(err)
	}
	if cloud.seen[0].Header.Get("X-Project-Id") != "p" || cloud.seen[0].Header.Get("X-Sdk-Date") == "" {
		t.Errorf("headers are %v", cloud.seen[0].Header)
	}
	_, err := ask(t, c)
	if err == nil || cloud.count() != 2 {
		t.Fatalf("the same key was tried %d times: %v", cloud.count()-1, err)
	}
	tellsNone(t, err.Error(), "AK1", "old")
	access, secret = "AK2", "new"
	if _, err := ask(t, c); err != nil {
		t.Fatal(err)
	}
}
