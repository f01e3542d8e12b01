package simulator

import "encoding/hex"

// A dice is a stream of numbers that follows from what it was made of alone.
// Everything that looks like chance here comes from one, so that a world can
// be made again from its seed and no text needs to be kept in memory.
type dice uint64

// rollFor makes the dice of something that has a name in numbers.
func rollFor(parts ...uint64) dice {
	h := uint64(0x6a09e667f3bcc908)
	for _, p := range parts {
		h = scramble(h ^ scramble(p))
	}
	return dice(h)
}

// scramble is the finishing step of the SplitMix64 generator: one changed bit
// in changes half the bits out.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (d *dice) next() uint64 {
	*d++
	return scramble(uint64(*d))
}

// below returns a number from 0 to n-1, and 0 when there is no such number.
func (d *dice) below(n int) int {
	if n < 1 {
		return 0
	}
	return int(d.next() % uint64(n))
}

// share is a number in [0, 1).
func (d *dice) share() float64 { return float64(d.next()>>11) / (1 << 53) }

func (d *dice) hit(p float64) bool { return d.share() < p }

// appendUUID writes a version 4 UUID. Its first half is hi with the version's
// four bits put in, so ids sort as their hi does once asUUIDHalf was applied.
func appendUUID(b []byte, hi, lo uint64) []byte {
	hi = asUUIDHalf(hi)
	lo = lo&^(3<<62) | 2<<62
	var raw [16]byte
	for i := range 8 {
		raw[i] = byte(hi >> (56 - 8*i))
		raw[8+i] = byte(lo >> (56 - 8*i))
	}
	for i, cut := range [...][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, raw[cut[0]:cut[1]])
	}
	return b
}

func asUUIDHalf(hi uint64) uint64 { return hi&^0xf000 | 0x4000 }

func uuid(parts ...uint64) string {
	d := rollFor(parts...)
	return string(appendUUID(nil, d.next(), d.next()))
}
