package sink

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// ChainHash is the chain_hash of row r after a row whose chain_hash is prev
// (32 zero bytes before the first row of a shard): SHA-256 over prev and the
// canonical form of r. Whoever knows the newest hash of a shard knows that no
// row before it was changed, taken out or put in.
func ChainHash(prev []byte, r *Row) []byte {
	h := sha256.New()
	h.Write(prev)
	h.Write(Canonical(r))
	return h.Sum(nil)
}

// Canonical is the byte form of a row that the chain covers: every column of
// the journal but chain_hash, in the order of the table. docs/audit.md defines
// it so that a stranger can recompute it; once rows exist it can never change.
func Canonical(r *Row) []byte {
	b := make([]byte, 0, 512+len(r.Raw))
	b = putInt(b, int64(r.Shard))
	b = putInt(b, r.Seq)
	b = putTime(b, r.RecordedAt)
	b = putText(b, r.Source)
	b = putText(b, r.ProjectID)
	b = putText(b, r.GroupID)
	b = putIf(b, r.GroupName, putText)
	b = putText(b, r.ActionID)
	b = putInt(b, r.Revision)
	b = putText(b, r.Change)
	b = putIf(b, r.Status, putText)
	b = putIf(b, r.Type, putText)
	b = putIf(b, r.StartTime, putTime)
	b = putIf(b, r.EndTime, putTime)
	b = putIf(b, r.InstanceValue, putInt)
	b = putIf(b, r.DesireValue, putInt)
	b = putIf(b, r.ScalingValue, putInt)
	b = putBytes(b, r.ContentHash)
	return putBytes(b, r.Raw)
}

// A field is one byte, 0 for NULL or 1, then the length of the value as four
// bytes and the value; a NULL has neither. So no two rows share a form.
func putIf[T any](b []byte, v *T, put func([]byte, T) []byte) []byte {
	if v == nil {
		return append(b, 0)
	}
	return put(b, *v)
}

func putBytes(b, v []byte) []byte {
	b = append(b, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
	return append(b, v...)
}

func putText(b []byte, v string) []byte {
	b = append(b, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
	return append(b, v...)
}

func putInt(b []byte, v int64) []byte {
	b = append(b, 1, 0, 0, 0, 8)
	return binary.BigEndian.AppendUint64(b, uint64(v))
}

func putTime(b []byte, v time.Time) []byte { return putInt(b, v.UnixMicro()) }
