package checkpoint

import (
	"encoding/json"
	"os"
	"testing"
)

// The vectors were made with org.apache.kafka.common.utils.Utils of
// kafka-clients 4.1.1: toPositive(murmur2(UTF-8 of key)), and its remainders.
func TestShardOfIsWhereTheJavaClientPlacesIt(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/murmur2.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Key             string
		Hash            uint32
		Of8, Of12, Of64 int
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		if got := murmur2(v.Key) & 0x7fffffff; got != v.Hash {
			t.Errorf("murmur2(%q) = %d, want %d", v.Key, got, v.Hash)
		}
		for shards, want := range map[int]int{1: 0, 8: v.Of8, 12: v.Of12, 64: v.Of64} {
			if got := ShardOf(v.Key, shards); got != want {
				t.Errorf("ShardOf(%q, %d) = %d, want %d", v.Key, shards, got, want)
			}
		}
	}
}
