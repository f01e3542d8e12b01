package broker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/createtopics"

	"aslogd/internal/testenv"
)

func connect(t *testing.T, wrap func(kafka.RoundTripper) kafka.RoundTripper) (b *Broker, prefix string) {
	b = New(Config{Brokers: []string{testenv.Kafka(t)}, Wrap: wrap})
	t.Cleanup(b.Close)
	return b, "b" + strings.ToLower(rand.Text())
}

func TestTopicsAreMadeOnceAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	b, prefix := connect(t, nil)
	var all []string
	var mu sync.Mutex
	var both sync.WaitGroup
	for range 2 { // two at once are safe
		both.Go(func() {
			created, warnings, err := b.EnsureTopics(t.Context(), prefix, 4, -1, -1)
			if err != nil || len(warnings) > 0 {
				t.Errorf("%v %v", warnings, err)
			}
			mu.Lock()
			all = append(all, created...)
			mu.Unlock()
		})
	}
	both.Wait()
	slices.Sort(all)
	if want := []string{LatestTopic(prefix), ActionsTopic(prefix)}; !slices.Equal(all, want) {
		t.Errorf("created %v, want %v", all, want)
	}
	for topic, want := range map[string]map[string]string{
		ActionsTopic(prefix): {"cleanup.policy": "delete", "retention.ms": "-1", "min.insync.replicas": "1"},
		LatestTopic(prefix):  {"cleanup.policy": "compact", "min.insync.replicas": "1"},
	} {
		have, err := b.settings(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			if have[name] != value {
				t.Errorf("%s has %s=%s, want %s", topic, name, have[name], value)
			}
		}
	}

	if err := b.set(t.Context(), ActionsTopic(prefix), "retention.ms", "1000"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; {
		_, warnings, err := b.EnsureTopics(t.Context(), prefix, 4, -1, -1)
		if err != nil {
			t.Fatal(err)
		}
		if len(warnings) == 1 && strings.Contains(warnings[0], "retention.ms=1000, not -1") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a topic that forgets is warned about: %v", warnings)
		}
	}

	var wrong *Partitions
	if _, _, err := b.EnsureTopics(t.Context(), prefix, 8, -1, -1); !errors.As(err, &wrong) || wrong.Have != 4 || wrong.Want != 8 {
		t.Errorf("another partition count: %v", err)
	}
}

type noRight struct{ kafka.RoundTripper }

func (n noRight) RoundTrip(ctx context.Context, addr net.Addr, req kafka.Request) (kafka.Response, error) {
	create, ok := req.(*createtopics.Request)
	if !ok {
		return n.RoundTripper.RoundTrip(ctx, addr, req)
	}
	res := &createtopics.Response{}
	for _, topic := range create.Topics {
		res.Topics = append(res.Topics, createtopics.ResponseTopic{Name: topic.Name, ErrorCode: int16(kafka.TopicAuthorizationFailed)})
	}
	return res, nil
}

func TestTopicsThatMayNotBeMadeAreNamed(t *testing.T) {
	t.Parallel()
	b, prefix := connect(t, func(inner kafka.RoundTripper) kafka.RoundTripper { return noRight{inner} })
	_, _, err := b.EnsureTopics(t.Context(), prefix, 4, 3, 90*24*time.Hour)
	var denied *Denied
	if !errors.As(err, &denied) || !errors.Is(err, ErrDenied) {
		t.Fatal(err)
	}
	for _, words := range []string{
		ActionsTopic(prefix) + ": 4 partitions, replication 3, cleanup.policy=delete min.insync.replicas=2 retention.bytes=-1 retention.ms=7776000000",
		LatestTopic(prefix) + ": 4 partitions, replication 3, cleanup.policy=compact min.insync.replicas=2",
	} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("does not say %q: %v", words, err)
		}
	}
}

// Batches of an aborted transaction are left out, those around it are not; a
// fenced producer adds nothing.
func TestLaw05ReadBackLeavesOutWhatWasAborted(t *testing.T) {
	t.Parallel()
	b, prefix := connect(t, nil)
	ctx := t.Context()
	if _, _, err := b.EnsureTopics(ctx, prefix, 1, -1, -1); err != nil {
		t.Fatal(err)
	}
	topic := ActionsTopic(prefix)
	batch := func(names ...string) Batch {
		batch := Batch{Topic: topic}
		for _, name := range names {
			batch.Records = append(batch.Records, Record{Key: []byte("k"), Time: time.Now(), Body: AppendHeader(AppendBody(nil, []byte(name), 1), "name", name)})
		}
		return batch
	}
	producer := func() *Producer {
		p, err := b.Producer(ctx, prefix+".shard.0", 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := producer()
	publish := func(p *Producer, batches ...Batch) []int64 {
		offsets, err := p.Publish(ctx, 0, batches)
		if err != nil {
			t.Fatal(err)
		}
		return offsets
	}
	offsets := publish(first, batch("1", "2"), batch("3"))
	if fmt.Sprint(offsets) != "[0 2]" {
		t.Errorf("offsets %v", offsets)
	}
	if err := first.join(ctx, 0, []Batch{batch("x")}); err != nil {
		t.Fatal(err)
	}
	if _, err := first.produce(ctx, 0, batch("x", "y")); err != nil {
		t.Fatal(err)
	}
	end, err := b.End(ctx, topic, 0)
	_, stable, stableErr := b.Bounds(ctx, topic, 0)
	if err != nil || stableErr != nil || end != stable+2 {
		t.Errorf("it ends at offset %d, and is stable before %d: %v, %v", end, stable, err, stableErr)
	}
	second := producer() // ends the open transaction
	publish(second, batch("4"))
	if _, err := first.Publish(ctx, 0, []Batch{batch("z")}); !errors.Is(err, ErrFenced) {
		t.Errorf("a fenced producer: %v", err)
	}
	third := producer()
	publish(third, batch("5"))
	producer() // returns when the last commit is written

	read := func(from int64) string {
		_, end, err := b.Bounds(ctx, topic, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = b.ReadCommitted(ctx, topic, 0, from, end, func(c *Committed) error {
			got = append(got, string(c.Header("name")))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(got, " ")
	}
	if got := read(0); got != "1 2 3 4 5" {
		t.Errorf("read back %s", got)
	}
	if got := read(1); got != "2 3 4 5" {
		t.Errorf("read back from offset 1: %s", got)
	}
}
