package embedded

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kfake"
)

// An InProcess broker speaks Kafka's protocol within this process and keeps
// everything in memory: enough for a demo, no proof about Kafka.
type InProcess struct {
	Addr string // host:port

	cluster *kfake.Cluster
}

// Broker starts a broker on a free port of 127.0.0.1. It makes no topic by
// itself.
func Broker(context.Context) (*InProcess, error) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		return nil, fmt.Errorf("start the in-process broker: %w", err)
	}
	return &InProcess{Addr: cluster.ListenAddrs()[0], cluster: cluster}, nil
}

// Stop ends it, and what it held is gone.
func (b *InProcess) Stop() { b.cluster.Close() }
