package sink

import (
	"context"
	"net"
	"sync"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// A tap stands before a transport: it may refuse, lose or delay.
type tap struct {
	kafka.RoundTripper
	mu     sync.Mutex
	before func(protocol.Message) error // an error keeps the request from being sent
	after  func(protocol.Message) error // an error takes the answer's place
}

func (t *tap) wrap(inner kafka.RoundTripper) kafka.RoundTripper {
	t.RoundTripper = inner
	return t
}

func (t *tap) RoundTrip(ctx context.Context, addr net.Addr, req kafka.Request) (kafka.Response, error) {
	if t.before != nil {
		if err := t.before(req); err != nil {
			return nil, err
		}
	}
	res, err := t.RoundTripper.RoundTrip(ctx, addr, req)
	if err == nil && t.after != nil {
		if lost := t.after(req); lost != nil {
			return nil, lost
		}
	}
	return res, err
}
