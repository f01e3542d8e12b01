package broker

import (
	"context"
	"fmt"
	"strconv"

	"github.com/segmentio/kafka-go/protocol/describeconfigs"
)

const resourceTopic = 2

// DefaultLimit is Kafka's own max.message.bytes where nobody set another.
const DefaultLimit = 1048588

// settings are a topic's settings by name.
func (b *Broker) settings(ctx context.Context, topic string) (map[string]string, error) {
	res, err := call[*describeconfigs.Response](ctx, b, &describeconfigs.Request{
		Resources: []describeconfigs.RequestResource{{ResourceType: resourceTopic, ResourceName: topic}},
	})
	if err != nil {
		return nil, fmt.Errorf("describe topic %s: %w", topic, err)
	}
	settings := map[string]string{}
	for _, r := range res.Resources {
		if err := refusal(r.ErrorCode); err != nil {
			return nil, fmt.Errorf("describe topic %s: %w", topic, err)
		}
		for _, c := range r.ConfigEntries {
			settings[c.ConfigName] = c.ConfigValue
		}
	}
	return settings, nil
}

// Limit is the size of the largest batch that the topic takes, in bytes: its
// max.message.bytes.
func (b *Broker) Limit(ctx context.Context, topic string) (int, error) {
	settings, err := b.settings(ctx, topic)
	if err != nil {
		return 0, err
	}
	limit, err := strconv.Atoi(settings["max.message.bytes"])
	if err != nil || limit <= 0 {
		return DefaultLimit, nil
	}
	return limit, nil
}
