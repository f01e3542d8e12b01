package broker

import (
	"errors"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"
)

// ErrFenced says that another producer has taken the transactional id since, or
// that the coordinator has forgotten this one: nothing more is accepted from
// this Producer. It says nothing about who owns the shard.
var ErrFenced = errors.New("producer fenced")

// ErrTooLarge says that the broker refused a batch for its size.
var ErrTooLarge = errors.New("batch too large for the topic")

// ErrMadeAnew says that a partition's offsets began again: the topic was deleted
// and made anew, or the brokers lost records.
var ErrMadeAnew = errors.New("the topic's offsets began again")

// ErrDenied says that a right is missing.
var ErrDenied = errors.New("not authorised")

// ErrOffset says that a partition holds nothing at the offset asked for.
var ErrOffset = errors.New("offset out of range")

// refusal turns an error code of an answer into an error; 0 into none.
func refusal(code int16) error {
	if code == 0 {
		return nil
	}
	err := kafka.Error(code)
	switch err {
	case kafka.InvalidProducerEpoch, kafka.InvalidProducerIDMapping, kafka.ProducerFenced:
		return fmt.Errorf("%w: %w", ErrFenced, err)
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case kafka.OffsetOutOfRange:
		return fmt.Errorf("%w: %w", ErrOffset, err)
	case kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed,
		kafka.TransactionalIDAuthorizationFailed, kafka.BrokerAuthorizationFailed:
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return err
}

// mends reports whether the broker refused for a reason that passes. Only codes
// that a broker answered count: after an error of the network it is unknown
// what was done, and the caller has to find out.
func mends(err error) bool {
	var code kafka.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case kafka.UnknownTopicOrPartition, kafka.LeaderNotAvailable, kafka.NotLeaderForPartition,
		kafka.RequestTimedOut, kafka.BrokerNotAvailable, kafka.ReplicaNotAvailable,
		kafka.GroupLoadInProgress, kafka.GroupCoordinatorNotAvailable, kafka.NotCoordinatorForGroup,
		kafka.NotEnoughReplicas, kafka.NotEnoughReplicasAfterAppend, kafka.ConcurrentTransactions,
		kafka.NotController, kafka.KafkaStorageError, kafka.FencedLeaderEpoch, kafka.UnknownLeaderEpoch,
		kafka.OffsetNotAvailable, kafka.ThrottlingQuotaExceeded:
		return true
	}
	return false
}

// A Partitions error is a topic whose partition count is not the shard count.
type Partitions struct {
	Topic      string
	Have, Want int
}

func (e *Partitions) Error() string {
	return fmt.Sprintf("topic %s has %d partitions, but there are %d shards: "+
		"set another ASLOGD_KAFKA_TOPIC_PREFIX, or delete the topic if nobody needs it, and migrate again",
		e.Topic, e.Have, e.Want)
}

// A Denied error names the topics that are missing and may not be created here.
type Denied struct {
	Specs []Spec
	Err   error
}

func (e *Denied) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "create topics: %v; let an administrator create:", e.Err)
	for _, spec := range e.Specs {
		fmt.Fprintf(&s, "\n  %v", spec)
	}
	return s.String()
}

// Unwrap makes errors.Is(err, ErrDenied) true.
func (e *Denied) Unwrap() error { return e.Err }
