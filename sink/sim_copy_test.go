package sink

import (
	"context"
	"encoding/binary"
	"io"
	"time"
)

// copy takes COPY's text as Postgres does.
func (t *simTx) copy(ctx context.Context, table string, text io.Reader) error {
	return t.within(ctx, func() error {
		all, err := io.ReadAll(text)
		if err != nil {
			return err
		}
		for _, row := range copied(all) {
			switch table {
			case "journal":
				t.next.journal = append(t.next.journal, &Row{
					Shard: int(row[0].int()), Seq: row[1].int(), RecordedAt: *row[2].time(), Source: string(row[3]), ProjectID: string(row[4]),
					GroupID: string(row[5]), GroupName: row[6].text(), ActionID: string(row[7]), Revision: row[8].int(), Change: string(row[9]),
					Status: row[10].text(), Type: row[11].text(), StartTime: row[12].time(), EndTime: row[13].time(),
					InstanceValue: row[14].number(), DesireValue: row[15].number(), ScalingValue: row[16].number(),
					ContentHash: row[17], Raw: row[18], ChainHash: row[19],
				})
			case "scaling_action":
				k := key{string(row[0]), string(row[1])}
				if _, twice := t.next.actions[k]; twice {
					t.db.sim.fail("%s copies action %v, which is stored", t.name, k)
				}
				t.next.actions[k] = state{hash: row[16], revision: row[3].int(), ended: row[17][0] == 0, epoch: row[18].int(), asked: *row[19].time()}
			}
		}
		return nil
	})
}

// A field is one value of a tuple; nil is NULL.
type field []byte

func (f field) int() int64 { return int64(binary.BigEndian.Uint64(f)) }

func (f field) number() *int64 {
	if f == nil {
		return nil
	}
	n := f.int()
	return &n
}

func (f field) text() *string {
	if f == nil {
		return nil
	}
	s := string(f)
	return &s
}

func (f field) time() *time.Time {
	if f == nil {
		return nil
	}
	at := time.UnixMicro(f.int() + epoch2000).UTC()
	return &at
}

// copied reads the binary form of COPY.
func copied(text []byte) (rows [][]field) {
	text = text[len(copyBegin):]
	for string(text) != copyEnd {
		row := make([]field, binary.BigEndian.Uint16(text))
		text = text[2:]
		for i := range row {
			length := binary.BigEndian.Uint32(text)
			text = text[4:]
			if length == null {
				continue
			}
			row[i] = field(text[:length:length])
			text = text[length:]
		}
		rows = append(rows, row)
	}
	return rows
}
