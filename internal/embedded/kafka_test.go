package embedded

import (
	"testing"
	"time"
)

// The real thing takes a topic and what is written to it, where a machine can
// run it at all; elsewhere the error says what is missing.
func TestKafka(t *testing.T) {
	t.Parallel()
	began := time.Now()
	server, err := Kafka(t.Context(), "", "")
	if !KafkaPossible() {
		if err == nil {
			t.Error("it runs without java or mvn")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	t.Logf("Kafka %s after %s", server.Version, time.Since(began))
	takesAndGives(t, server.Addr)
}
