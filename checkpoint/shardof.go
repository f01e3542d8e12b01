package checkpoint

import "encoding/binary"

// ShardOf is the shard of a group, from 0 to shards−1. It is where Kafka's Java
// client places a record with the group's id as its key, so that shard i and
// partition i hold the same groups.
func ShardOf(groupID string, shards int) int {
	return int(murmur2(groupID)&0x7fffffff) % shards
}

// murmur2 is the 32-bit MurmurHash2 with Kafka's own seed, over the UTF-8 bytes
// of key.
func murmur2(key string) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	data := []byte(key)
	h := uint32(seed) ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data) * m
		k ^= k >> r
		h = h*m ^ k*m
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
