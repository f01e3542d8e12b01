package broker

import "context"

// Partitions is how many partitions a topic has; 0 where there is no such topic.
func (b *Broker) Partitions(ctx context.Context, topic string) (int, error) {
	there, err := b.topics(ctx)
	if err != nil {
		return 0, err
	}
	if t := there[topic]; t != nil {
		return len(t.Partitions), nil
	}
	return 0, nil
}
