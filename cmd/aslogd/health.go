package main

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"sort"
	"sync"
	"time"

	"aslogd/history"
	"aslogd/ingest/asapi"
)

// health is what /readyz says. Not ready is what keeps the daemon from its
// work: no Postgres, no schema, no heartbeat. Degraded is what it goes on
// without: Kafka, the API.
type health struct {
	mu      sync.Mutex
	waiting *history.Trouble // why it is not ready; nil when it is
	beat    func() time.Time
	ttl     time.Duration
	trouble map[string]trouble // by where
	stands  map[int]func() (kind, what string)
}

type trouble struct {
	history.Trouble
	until time.Time // zero: for good
}

// wait says that the daemon is not ready, and why.
func (h *health) wait(cause history.Cause, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := history.NewTrouble(cause, "", why)
	h.waiting = &t
}

// begin says that the daemon is at work, and when it last renewed its leases.
func (h *health) begin(beat func() time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting, h.beat = nil, beat
}

// degrade says for some time what is not as it should be; 0: until the end.
func (h *health) degrade(t history.Trouble, lasting time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.trouble == nil {
		h.trouble = map[string]trouble{}
	}
	until := time.Time{}
	if lasting > 0 {
		until = time.Now().Add(lasting)
	}
	h.trouble[t.Where] = trouble{t, until}
}

// recover takes back what degrade said of a place.
func (h *health) recover(where string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.trouble, where)
}

// watch asks of a shard, until it is called off, why it stands still.
func (h *health) watch(shard int, why func() (kind, what string)) (off func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stands == nil {
		h.stands = map[int]func() (kind, what string){}
	}
	h.stands[shard] = why
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.stands, shard)
	}
}

// Ready is the answer of /readyz, with words for people.
func (h *health) Ready() (ready bool, words []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting != nil {
		return false, []string{h.waiting.String()}
	}
	if h.beat != nil {
		if silent := time.Since(h.beat()); silent > h.ttl {
			return false, []string{history.NewTrouble(history.NoHeartbeat, "",
				"no heartbeat for "+silent.Round(time.Second).String()+": Postgres does not answer").String()}
		}
	}
	for _, t := range h.trouble {
		if t.until.IsZero() || time.Now().Before(t.until) {
			words = append(words, "degraded: "+t.String())
		}
	}
	for shard, why := range h.stands {
		if kind, what := why(); what != "" {
			words = append(words, "degraded: "+history.Stands(shard, kind, what).String())
		}
	}
	sort.Strings(words)
	return true, words
}

// causeOf finds what an error of a source's API comes from.
func causeOf(err error) history.Cause {
	var answer *asapi.Error
	var network net.Error
	var request *url.Error
	switch {
	case errors.As(err, &answer):
		switch {
		case answer.Status == http.StatusUnauthorized:
			return history.SignInRefused
		case answer.Status == http.StatusForbidden:
			return history.RightMissing
		case answer.Status == http.StatusTooManyRequests || answer.Code == "APIGW.0308":
			return history.Throttled
		case answer.Status >= http.StatusInternalServerError:
			return history.APIFails
		}
		return history.APIRefuses
	case errors.As(err, &request), errors.As(err, &network):
		return history.APIAway
	}
	return history.RoundsFail
}
