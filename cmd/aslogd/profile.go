//go:build profile

package main

import (
	"log"
	"net/http"
	_ "net/http/pprof" // what is served
	"os"
)

// A daemon built with -tags profile serves its profiles where PROFILE_ADDR says.
// It is no setting of aslogd: a daemon that is shipped has none of this.
func init() {
	if at := os.Getenv("PROFILE_ADDR"); at != "" {
		go func() { log.Print(http.ListenAndServe(at, nil)) }()
	}
}
