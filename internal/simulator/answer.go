package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// An answer is a whole HTTP answer before it meets the weather on its way out.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func jsonAnswer(status int, body []byte) answer {
	return answer{status, http.Header{"Content-Type": {"application/json;charset=utf8"}}, body}
}

// serviceError is how the AS service itself says no.
func serviceError(status int, code, message string) answer {
	body, _ := json.Marshal(map[string]any{"error": struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{code, message}})
	return jsonAnswer(status, body)
}

// gatewayError is how the gateway in front of it says no.
func gatewayError(status int, code, message string, n uint64) answer {
	body, _ := json.Marshal(struct {
		Message string `json:"error_msg"`
		Code    string `json:"error_code"`
		Request string `json:"request_id"`
	}{message, code, fmt.Sprintf("%016x%016x", scramble(n), scramble(n+1))})
	return jsonAnswer(status, body)
}

func htmlAnswer(status int) answer {
	return answer{status, http.Header{"Content-Type": {"text/html"}},
		[]byte("<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n")}
}

// send writes the answer; cut, it breaks off in the middle of the body.
func (a answer) send(w http.ResponseWriter, date time.Time, cut bool) {
	h := w.Header()
	for k, v := range a.header {
		h[k] = v
	}
	h.Set("Date", date.UTC().Format(http.TimeFormat))
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if !cut {
		w.Write(a.body) //nolint:errcheck // the caller has gone
		return
	}
	w.Write(a.body[:len(a.body)/2])       //nolint:errcheck // it is to fail anyway
	http.NewResponseController(w).Flush() //nolint:errcheck // half is enough, sent or not
	// net/http takes this for what it is: the connection is closed, nothing logged.
	panic(http.ErrAbortHandler)
}
