package broker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	_ "github.com/segmentio/kafka-go/zstd" // the codec to read it back with
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever records go into a batch, a client that did not write it reads the
// same ones back.
func TestABatchIsReadBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 0, 300)
		base := time.UnixMilli(rapid.Int64Range(0, 1<<41).Draw(t, "base"))
		var want []shownRecord
		var records []Record
		for range rapid.IntRange(1, 50).Draw(t, "records") {
			r := shownRecord{
				Key: text.Draw(t, "key"), Value: text.Draw(t, "value"),
				Time: base.Add(time.Duration(rapid.IntRange(-5000, 100_000).Draw(t, "after")) * time.Millisecond),
			}
			for range rapid.IntRange(0, 3).Draw(t, "headers") {
				r.Headers = append(r.Headers, protocol.Header{Key: rapid.StringN(1, 20, 40).Draw(t, "name"), Value: text.Draw(t, "header")})
			}
			want, records = append(want, r), append(records, r.record())
		}
		have, set := decode(t, encode(records, 77, 3, 1234))
		require.Equal(t, shown(want), shown(have))
		require.Equal(t, protocol.Transactional|protocol.Zstd, set.Attributes)
	})
}

func TestABatchNamesItsProducer(t *testing.T) {
	t.Parallel()
	b := encode([]Record{shownRecord{Value: []byte("v"), Time: time.UnixMilli(5)}.record()}, 1<<40+7, 300, 1<<20+1)
	require.Equal(t, []byte{0, 0, 1, 0, 0, 0, 0, 7, 1, 44, 0, 0x10, 0, 1}, b[atAttributes+22:atAttributes+36])
}

func decode(t require.TestingT, b []byte) (records []shownRecord, set protocol.RecordSet) {
	_, err := set.ReadFrom(bytes.NewReader(b)) // it verifies the checksum
	require.NoError(t, err)
	for {
		r, err := set.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return records, set
		}
		require.NoError(t, err)
		key, err := protocol.ReadAll(r.Key)
		require.NoError(t, err)
		value, err := protocol.ReadAll(r.Value)
		require.NoError(t, err)
		records = append(records, shownRecord{Key: key, Value: value, Time: r.Time, Headers: r.Headers})
	}
}

// A shownRecord is a record as a consumer sees it.
type shownRecord struct {
	Key, Value []byte
	Time       time.Time
	Headers    []protocol.Header
}

func (r shownRecord) record() Record {
	body := AppendBody(nil, r.Value, len(r.Headers))
	for _, h := range r.Headers {
		half := len(h.Value) / 2
		body = AppendHeader(body, h.Key, string(h.Value[:half]), string(h.Value[half:]))
	}
	return Record{Key: r.Key, Time: r.Time, Body: body}
}

func shown(records []shownRecord) string {
	var b strings.Builder
	for _, r := range records {
		fmt.Fprintf(&b, "%x %x %d", r.Key, r.Value, r.Time.UnixMilli())
		for _, h := range r.Headers {
			fmt.Fprintf(&b, " %q %x", h.Key, h.Value)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// What breaks: the machine has many processors (GOMAXPROCS=64 stands for them).
// What must hold: what is kept for writing batches does not grow with them, for
// nobody counts it. Nothing else runs beside, so that the heap is this test's.
func TestLaw09RoomForBatchesDoesNotGrowWithTheMachine(t *testing.T) {
	var records []Record
	for i := range 1000 {
		records = append(records, shownRecord{Value: bytes.Repeat([]byte(fmt.Sprint(i, ",")), 200), Time: time.UnixMilli(int64(i))}.record())
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for range 200 {
		encode(records, 1, 1, 1)
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("%d MiB are kept of %d batches of %d bytes", grown>>20, 200, size(records))
	}
}

func BenchmarkEncode(b *testing.B) {
	var records []Record
	for i := range 500 {
		value := fmt.Appendf(nil, `{"source":"one","group_id":"%032x","revision":1,"status":"SUCCESS","raw":{"id":"%032x","instance_value":%d,"description":"%s"}}`,
			i%7, i*i*7919, i, strings.Repeat(fmt.Sprint(i*31, " changed; "), 60))
		records = append(records, shownRecord{Key: value[20:52], Value: value, Time: time.UnixMilli(int64(i)),
			Headers: []protocol.Header{{Key: "ce_specversion", Value: []byte("1.0")}, {Key: "ce_id", Value: value[30:70]}}}.record())
	}
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(encode(records, 1, 1, 1))))
	}
}
