package main

import (
	"sort"
	"sync"
	"time"
)

// health is what /readyz says. Not ready is what keeps the daemon from its
// work: no Postgres, no schema, no heartbeat. Degraded is what it goes on
// without: Kafka, the API.
type health struct {
	mu      sync.Mutex
	waiting string // why it is not ready; empty when it is
	beat    func() time.Time
	ttl     time.Duration
	trouble map[string]trouble
}

type trouble struct {
	words string
	until time.Time
}

// wait says that the daemon is not ready, and why; empty: it is.
func (h *health) wait(why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting = why
}

// begin says that the daemon is at work, and when it last renewed its leases.
func (h *health) begin(beat func() time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting, h.beat = "", beat
}

// degrade says for some time what is not as it should be.
func (h *health) degrade(what, words string, lasting time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.trouble == nil {
		h.trouble = map[string]trouble{}
	}
	h.trouble[what] = trouble{words, time.Now().Add(lasting)}
}

// recover takes back what degrade said.
func (h *health) recover(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.trouble, what)
}

// Ready is the answer of /readyz, with words for people.
func (h *health) Ready() (ready bool, words []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting != "" {
		return false, []string{h.waiting}
	}
	if h.beat != nil {
		if silent := time.Since(h.beat()); silent > h.ttl {
			return false, []string{"no heartbeat for " + silent.Round(time.Second).String() + ": Postgres does not answer"}
		}
	}
	for what, t := range h.trouble {
		if time.Now().Before(t.until) {
			words = append(words, "degraded: "+what+": "+t.words)
		}
	}
	sort.Strings(words)
	return true, words
}
