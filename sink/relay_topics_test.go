package sink

import (
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"aslogd/sink/broker"
)

// set changes a setting of a topic, and waits until it holds.
func (b *relayBench) set(topic, name, value string) {
	b.Helper()
	client := kafka.Client{Addr: kafka.TCP(b.addr)}
	_, err := client.IncrementalAlterConfigs(b.Context(), &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: topic,
			Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: name, Value: value, ConfigOperation: kafka.ConfigOperationSet}},
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	c := broker.New(broker.Config{Brokers: []string{b.addr}})
	defer c.Close()
	b.until(name+" of "+topic+" is "+value, func() bool {
		limit, err := c.Limit(b.Context(), topic)
		return err == nil && fmt.Sprint(limit) == value
	})
}

// trim takes the records below an offset out of a partition, as retention does.
func (b *relayBench) trim(partition int, before int64) {
	b.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 10_000
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic = broker.ActionsTopic(b.prefix)
	part := kmsg.NewDeleteRecordsRequestTopicPartition()
	part.Partition, part.Offset = int32(partition), before
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	res, err := req.RequestWith(b.Context(), client)
	if err != nil || res.Topics[0].Partitions[0].ErrorCode != 0 {
		b.Fatalf("delete records: %v %+v", err, res)
	}
}

// forge writes a record that claims a seq.
func (b *relayBench) forge(topic string, partition int, seq int64) {
	b.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	record := &kgo.Record{Topic: topic, Partition: int32(partition), Key: []byte("g/a"), Value: []byte("{}"), Timestamp: time.Now(),
		Headers: []kgo.RecordHeader{
			{Key: seqHeader, Value: []byte(strconv.FormatInt(seq, 10))},
			{Key: chainHeader, Value: []byte("00")},
		}}
	if err := client.ProduceSync(b.Context(), record).FirstErr(); err != nil {
		b.Fatalf("produce to %s/%d: %v", topic, partition, err)
	}
}

// remake deletes topics of the test's prefix and makes them again, empty.
func (b *relayBench) remake(names ...string) {
	b.Helper()
	client := kafka.Client{Addr: kafka.TCP(b.addr)}
	res, err := client.DeleteTopics(b.Context(), &kafka.DeleteTopicsRequest{Topics: names})
	if err != nil {
		b.Fatal(err)
	}
	for topic, err := range res.Errors {
		if err != nil {
			b.Fatalf("delete %s: %v", topic, err)
		}
	}
	made := 0
	b.until("the topics are there again", func() bool {
		c := broker.New(broker.Config{Brokers: []string{b.addr}})
		defer c.Close()
		created, _, err := c.EnsureTopics(b.Context(), b.prefix, testShards, -1, -1)
		made += len(created)
		return err == nil && made == len(names)
	})
}
