package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/incrementalalterconfigs"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// ActionsTopic and LatestTopic are the two topics of a prefix: every revision,
// and the newest of each action.
func ActionsTopic(prefix string) string { return prefix + ".actions.v1" }

// LatestTopic is the compacted topic of a prefix.
func LatestTopic(prefix string) string { return prefix + ".actions.latest.v1" }

// A Spec is a topic as it should be. Replication −1 is the broker's default.
type Spec struct {
	Name        string
	Partitions  int
	Replication int
	Settings    map[string]string
}

func (s Spec) String() string {
	settings := make([]string, 0, len(s.Settings))
	for name, value := range s.Settings {
		settings = append(settings, name+"="+value)
	}
	if s.Settings[insync] == "" {
		settings = append(settings, insync+"=replication-1 (at least 1)")
	}
	sort.Strings(settings)
	replication := "the cluster's default"
	if s.Replication > 0 {
		replication = strconv.Itoa(s.Replication)
	}
	return fmt.Sprintf("%s: %d partitions, replication %s, %s", s.Name, s.Partitions, replication, strings.Join(settings, " "))
}

// Specs are the topics of a prefix. Retention is how long every revision is
// kept; negative: for ever. Replication −1 leaves it to the broker.
func Specs(prefix string, shards, replication int, retention time.Duration) []Spec {
	keep := int64(-1)
	if retention >= 0 {
		keep = retention.Milliseconds()
	}
	specs := []Spec{
		{ActionsTopic(prefix), shards, replication, map[string]string{
			"cleanup.policy":  "delete",
			"retention.ms":    strconv.FormatInt(keep, 10),
			"retention.bytes": "-1",
		}},
		{LatestTopic(prefix), shards, replication, map[string]string{
			"cleanup.policy": "compact",
		}},
	}
	if replication > 0 {
		for _, s := range specs {
			s.Settings[insync] = leastInSync(replication)
		}
	}
	return specs
}

const insync = "min.insync.replicas"

// leastInSync leaves room for one replica to be away, where there are others.
func leastInSync(replication int) string { return strconv.Itoa(max(1, replication-1)) }

// EnsureTopics creates what is missing of the topics of a prefix, and looks at
// what is there. It returns the topics that it created, and what about the
// others is not as it should be. A topic with another partition count is an
// error (*Partitions); so is a missing one that may not be created (*Denied).
// Two at once are safe.
func (b *Broker) EnsureTopics(ctx context.Context, prefix string, shards, replication int, retention time.Duration) (created, warnings []string, err error) {
	var missing []Spec
	specs := Specs(prefix, shards, replication, retention)
	there, err := b.topics(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, spec := range specs {
		if there[spec.Name] == nil {
			missing = append(missing, spec)
		}
	}
	if len(missing) > 0 {
		if created, err = b.create(ctx, missing); err != nil {
			return created, nil, err
		}
	}
	// What was made just now, here or by another migrate, takes a moment to be
	// listed.
	err = again(ctx, func(ctx context.Context) error {
		if there, err = b.topics(ctx); err != nil {
			return err
		}
		for _, spec := range specs {
			if there[spec.Name] == nil {
				return fmt.Errorf("topic %s is not listed: %w", spec.Name, kafka.UnknownTopicOrPartition)
			}
		}
		return nil
	})
	if err != nil {
		return created, nil, err
	}
	for _, spec := range specs {
		topic := there[spec.Name]
		if n := len(topic.Partitions); n != spec.Partitions {
			return created, warnings, &Partitions{Topic: spec.Name, Have: n, Want: spec.Partitions}
		}
		warnings = append(warnings, b.compare(ctx, spec, topic, slices.Contains(created, spec.Name))...)
	}
	return created, warnings, nil
}

// topics are all topics by name, as the cluster lists them now.
func (b *Broker) topics(ctx context.Context) (map[string]*metadata.ResponseTopic, error) {
	res, err := call[*metadata.Response](ctx, b, &metadata.Request{})
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	topics := map[string]*metadata.ResponseTopic{}
	for i := range res.Topics {
		if t := &res.Topics[i]; t.ErrorCode == 0 {
			topics[t.Name] = t
		}
	}
	return topics, nil
}

func (b *Broker) create(ctx context.Context, specs []Spec) (created []string, err error) {
	req := &createtopics.Request{TimeoutMs: int32((requestTimeout / 2).Milliseconds())}
	for _, s := range specs {
		topic := createtopics.RequestTopic{Name: s.Name, NumPartitions: int32(s.Partitions), ReplicationFactor: int16(s.Replication)}
		for name, value := range s.Settings {
			topic.Configs = append(topic.Configs, createtopics.RequestConfig{Name: name, Value: value})
		}
		req.Topics = append(req.Topics, topic)
	}
	var denied *Denied
	err = again(ctx, func(ctx context.Context) error {
		res, err := call[*createtopics.Response](ctx, b, req)
		if err != nil {
			return err
		}
		for _, t := range res.Topics {
			switch err := refusal(t.ErrorCode); {
			case err == nil:
				created = append(created, t.Name)
			case errors.Is(err, kafka.TopicAlreadyExists): // by another migrate, or by the ask before
			case errors.Is(err, ErrDenied):
				denied = &Denied{Specs: specs, Err: err}
			case errors.Is(err, kafka.PolicyViolation):
				denied = &Denied{Specs: specs, Err: fmt.Errorf("%w: %w", ErrDenied, err)}
			default:
				return fmt.Errorf("topic %s: %w %s", t.Name, err, t.ErrorMessage)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return created, fmt.Errorf("create topics: %w", err)
	case denied != nil:
		return created, denied
	}
	return created, nil
}

// compare looks at a topic's settings, and at how few replicas must have a
// record, which could only be chosen once the broker had placed them.
func (b *Broker) compare(ctx context.Context, spec Spec, topic *metadata.ResponseTopic, ours bool) (warnings []string) {
	replicas := len(topic.Partitions[0].ReplicaNodes)
	if spec.Replication > 0 && replicas != spec.Replication {
		warnings = append(warnings, fmt.Sprintf("topic %s has replication %d, not %d", spec.Name, replicas, spec.Replication))
	}
	want := map[string]string{insync: leastInSync(replicas)}
	for name, value := range spec.Settings {
		want[name] = value
	}
	have, err := b.settings(ctx, spec.Name)
	if err != nil {
		return append(warnings, fmt.Sprintf("the settings of topic %s could not be looked at: %v", spec.Name, err))
	}
	if ours && have[insync] != want[insync] {
		if err := b.set(ctx, spec.Name, insync, want[insync]); err == nil {
			have[insync] = want[insync]
		}
	}
	for name, value := range want {
		if have[name] != value {
			warnings = append(warnings, fmt.Sprintf("topic %s has %s=%s, not %s", spec.Name, name, have[name], value))
		}
	}
	sort.Strings(warnings)
	return warnings
}

func (b *Broker) set(ctx context.Context, topic, name, value string) error {
	res, err := call[*incrementalalterconfigs.Response](ctx, b, &incrementalalterconfigs.Request{
		Resources: []incrementalalterconfigs.RequestResource{{
			ResourceType: resourceTopic, ResourceName: topic,
			Configs: []incrementalalterconfigs.RequestConfig{{Name: name, Value: value}},
		}},
	})
	if err != nil {
		return fmt.Errorf("set %s of topic %s: %w", name, topic, err)
	}
	for _, r := range res.Responses {
		if err := refusal(r.ErrorCode); err != nil {
			return fmt.Errorf("set %s of topic %s: %w", name, topic, err)
		}
	}
	return nil
}
