package broker

import "context"

// CheckTopics looks at the topics of a prefix and changes nothing. It names
// those that are missing; one with another partition count is a *Partitions.
func (b *Broker) CheckTopics(ctx context.Context, prefix string, shards int) (missing []string, err error) {
	there, err := b.topics(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{ActionsTopic(prefix), LatestTopic(prefix)} {
		topic := there[name]
		if topic == nil {
			missing = append(missing, name)
			continue
		}
		if n := len(topic.Partitions); n != shards {
			return missing, &Partitions{Topic: name, Have: n, Want: shards}
		}
	}
	return missing, nil
}
