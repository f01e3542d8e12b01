package embedded

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
)

// KafkaVersion is the release that Kafka runs where none is named.
const KafkaVersion = "4.3.1"

// A KafkaServer is a running Apache Kafka of one's own: one node, KRaft.
type KafkaServer struct {
	Addr    string // host:port
	Outside string // the listener behind KafkaOptions.Advertised; empty without one
	Version string

	process    *process
	remove     string
	dir        string
	libs       string
	properties string
}

// KafkaOptions are what a caller may choose about Kafka.
type KafkaOptions struct {
	Dir     string // for its files; empty: a temporary one, which Stop removes
	Version string // empty: KafkaVersion

	// Advertised is the address (host:port) at which clients are told to reach
	// the broker: that of a proxy, which then leads to Outside. What comes
	// through Addr is told Addr, as the broker itself is.
	Advertised string

	// Settings come after its own, as "name=value"; the last of a name counts.
	Settings []string
}

// KafkaPossible tells whether Kafka can be tried here: java to run it, and mvn
// to fetch it.
func KafkaPossible() bool {
	_, noJava := exec.LookPath("java")
	_, noMaven := exec.LookPath("mvn")
	return errors.Join(noJava, noMaven) == nil
}

// Kafka runs a release of Apache Kafka (an empty version stands for
// KafkaVersion) from its published jars, which Maven fetches into the user's
// cache at the first time. Its files lie under dir; an empty dir stands for a
// temporary one that Stop removes. It makes no topic by itself.
func Kafka(ctx context.Context, dir, version string) (*KafkaServer, error) {
	return KafkaWith(ctx, KafkaOptions{Dir: dir, Version: version})
}

// KafkaWith is Kafka with all there is to choose.
func KafkaWith(ctx context.Context, opts KafkaOptions) (*KafkaServer, error) {
	dir, version := opts.Dir, opts.Version
	if version == "" {
		version = KafkaVersion
	}
	libs, err := kafkaJars(ctx, version)
	if err != nil {
		return nil, fmt.Errorf("fetch Kafka %s: %w", version, err)
	}
	server := &KafkaServer{Version: version, libs: libs}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "aslogd-kafka-"); err != nil {
			return nil, fmt.Errorf("make a directory for Kafka: %w", err)
		}
		server.remove = dir
	}
	server.dir = dir
	for try := 1; ; try++ { // a port may be taken between its choice and its use
		err = server.run(ctx, opts)
		if err == nil {
			return server, nil
		}
		if try == 3 || ctx.Err() != nil {
			server.Stop()
			return nil, fmt.Errorf("start Kafka %s: %w", version, err)
		}
	}
}

// run formats the storage, on ports of its own choice, and starts the broker.
func (s *KafkaServer) run(ctx context.Context, opts KafkaOptions) error {
	var ports [3]int
	for i := range ports {
		var err error
		if ports[i], err = freePort(); err != nil {
			return err
		}
	}
	data := filepath.Join(s.dir, "data")
	if err := os.RemoveAll(data); err != nil {
		return fmt.Errorf("clear what a try before left: %w", err)
	}
	s.Addr = fmt.Sprintf("127.0.0.1:%d", ports[0])
	if opts.Advertised != "" {
		s.Outside = fmt.Sprintf("127.0.0.1:%d", ports[2])
	}
	s.properties = filepath.Join(s.dir, "server.properties")
	if err := os.WriteFile(s.properties, []byte(kafkaProperties(s.Addr, s.Outside, opts.Advertised, ports[1], data)+strings.Join(opts.Settings, "\n")+"\n"), 0o644); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	cluster := make([]byte, 16)
	rand.Read(cluster)
	format := s.java("kafka.tools.StorageTool", "format", "-t", hex.EncodeToString(cluster)[:22], "-c", s.properties)
	if out, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("format the storage: %w: %s", err, out)
	}
	return s.serve(ctx)
}

func (s *KafkaServer) java(arguments ...string) *exec.Cmd {
	return exec.Command("java", append([]string{"-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(s.libs, "*")}, arguments...)...)
}

// serve starts the broker and waits until it answers.
func (s *KafkaServer) serve(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	logPath := filepath.Join(s.dir, "kafka.log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the log file: %w", err)
	}
	defer log.Close()
	cmd := s.java("kafka.Kafka", s.properties)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	process, err := start(cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	client := &kafka.Client{Addr: kafka.TCP(s.Addr), Timeout: 5 * time.Second, Transport: &kafka.Transport{}}
	defer client.Transport.(*kafka.Transport).CloseIdleConnections()
	err = process.answers(ctx, func(ctx context.Context) error {
		answer, err := client.Metadata(ctx, &kafka.MetadataRequest{})
		if err != nil {
			return err
		}
		if len(answer.Brokers) == 0 {
			return errors.New("no broker is registered yet")
		}
		return nil
	})
	if err != nil {
		process.end(syscall.SIGKILL)
		return fmt.Errorf("%w: %s", err, tail(logPath))
	}
	s.process = process
	return nil
}

// kafkaProperties is a node that does for tests what a cluster does: what would
// need three replicas makes do with one, nothing waits for company, and a
// mistyped topic is an error, not a new topic.
func kafkaProperties(addr, outside, advertised string, quorum int, data string) string {
	listeners, named, protocols := "PLAINTEXT://"+addr, "PLAINTEXT://"+addr, "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
	if outside != "" {
		listeners += ",OUTSIDE://" + outside
		named += ",OUTSIDE://" + advertised
		protocols += ",OUTSIDE:PLAINTEXT"
	}
	return strings.Join([]string{
		"process.roles=broker,controller",
		"node.id=1",
		fmt.Sprintf("controller.quorum.voters=1@127.0.0.1:%d", quorum),
		fmt.Sprintf("listeners=%s,CONTROLLER://127.0.0.1:%d", listeners, quorum),
		"advertised.listeners=" + named,
		"inter.broker.listener.name=PLAINTEXT",
		"controller.listener.names=CONTROLLER",
		"listener.security.protocol.map=" + protocols,
		"log.dirs=" + data,
		"offsets.topic.replication.factor=1",
		"offsets.topic.num.partitions=1",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"transaction.state.log.num.partitions=4",
		"group.initial.rebalance.delay.ms=0",
		"auto.create.topics.enable=false",
		"log.cleaner.dedupe.buffer.size=8388608",
	}, "\n") + "\n"
}

// Stop ends it and removes its temporary directory. It may be called again.
func (s *KafkaServer) Stop() {
	if s.process != nil {
		// What it would write on an orderly way out is thrown away anyway.
		s.process.end(syscall.SIGKILL)
	}
	if s.remove != "" {
		os.RemoveAll(s.remove)
	}
}
