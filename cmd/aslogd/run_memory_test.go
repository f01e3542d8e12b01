package main

import "testing"

// What the collector may use leaves room for what is not in it, of the least that can
// be set as of much.
func TestTheCollectorsShare(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int64]int64{64: 32, 96: 48, 128: 80, 256: 208, 512: 448, 4096: 3584} {
		if got := collected(limit << 20); got != want<<20 {
			t.Errorf("of %d MiB %d, want %d", limit, got>>20, want)
		}
	}
}
