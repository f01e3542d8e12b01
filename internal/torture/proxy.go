package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// A proxy stands between a daemon and a service, at an address that stays the
// same however often it is cut or mended.
type proxy struct {
	name string
	at   string // host:port
	now  *toxiproxy.Proxy
}

// A toxic is one bad property of a network, as toxiproxy names it.
type toxic struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream"` // upstream: to the service; downstream: from it
	Attributes map[string]int `json:"attributes"`
	Toxicity   float64        `json:"toxicity,omitempty"` // share of connections
}

// both is a toxic in both directions.
func both(kind string, attributes map[string]int) []toxic {
	return []toxic{{Type: kind, Stream: "upstream", Attributes: attributes}, {Type: kind, Stream: "downstream", Attributes: attributes}}
}

// newProxy listens at a free port. Where it leads may be said later.
func newProxy(name, upstream string) (*proxy, error) {
	p := &proxy{name: name, at: "127.0.0.1:0"}
	return p, p.open(upstream)
}

func (p *proxy) open(upstream string, toxics ...toxic) error {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p.now = toxiproxy.NewProxy(server, p.name, p.at, upstream)
	for _, t := range toxics {
		if err := p.add(t); err != nil {
			return err
		}
	}
	if err := p.now.Start(); err != nil {
		return fmt.Errorf("start the proxy before %s: %w", p.name, err)
	}
	p.at = p.now.Listen
	return nil
}

// poison gives the connections that there are, and all new ones, bad properties.
func (p *proxy) poison(toxics ...toxic) error {
	for _, t := range toxics {
		if err := p.add(t); err != nil {
			return err
		}
	}
	return nil
}

func (p *proxy) add(t toxic) error {
	text, err := json.Marshal(t)
	if err == nil {
		_, err = p.now.Toxics.AddToxicJson(strings.NewReader(string(text)))
	}
	if err != nil {
		return fmt.Errorf("add %s to the proxy before %s: %w", t.Type, p.name, err)
	}
	return nil
}

// cut closes every connection and takes no new one.
func (p *proxy) cut() { p.now.Stop() }

// mend takes connections again, good ones: those that there were are closed.
func (p *proxy) mend() error { return p.replace() }

// lead closes every connection and has new ones go elsewhere.
func (p *proxy) lead(upstream string) error {
	p.now.Stop()
	return p.open(upstream)
}

// replace closes every connection and lets all new ones have these properties
// from their first byte on.
func (p *proxy) replace(toxics ...toxic) error {
	upstream := p.now.Upstream
	p.now.Stop()
	return p.open(upstream, toxics...)
}
