package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
)

// message is a request or an answer with its size before it.
func message(parts ...any) []byte {
	var body bytes.Buffer
	for _, part := range parts {
		_ = binary.Write(&body, binary.BigEndian, part) // into memory
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(body.Len())), body.Bytes()...)
}

// request is one with a client id of two letters and, as EndTxn has it, the
// transaction's id, producer, epoch and whether it is to be committed.
func request(key, version int16, id int32, commit bool) []byte {
	if version >= 3 {
		return message(key, version, id, int16(2), []byte("me"), int8(0), int8(2), []byte("t"), int64(7), int16(1), commit, int8(0))
	}
	return message(key, version, id, int16(2), []byte("me"), int16(1), []byte("t"), int64(7), int16(1), commit)
}

func answer(version int16, id int32, code int16) []byte {
	if version >= 3 {
		return message(id, int8(0), int32(0), code, int8(0))
	}
	return message(id, int32(0), code)
}

// Of all answers the gate keeps back those to a commit that went well, while it
// is shut, and the connection goes on.
func TestGateKeepsBackWhatWasDecided(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name         string
		key, version int16
		commit, shut bool
		code         int16
		passes       bool
	}{
		{"a commit", endTxn, 1, true, true, 0, false},
		{"a commit in the newer form", endTxn, 3, true, true, 0, false},
		{"a commit while the gate is open", endTxn, 1, true, false, 0, true},
		{"a commit that was refused", endTxn, 1, true, true, 51, true},
		{"a refused one in the newer form", endTxn, 3, true, true, 51, true},
		{"an abort", endTxn, 1, false, true, 0, true},
		{"an abort in the newer form", endTxn, 3, false, true, 0, true},
		{"something else", 3, 1, true, true, 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			kafka, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer kafka.Close()
			g, err := newGate(kafka.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer g.close()
			g.set(tc.shut)
			client, err := net.Dial("tcp", g.at())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			server, err := kafka.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()

			send(t, client, server, request(tc.key, tc.version, 41, tc.commit))
			decision, next := answer(tc.version, 41, tc.code), message(int32(42), []byte("next"))
			if _, err := server.Write(decision); err != nil {
				t.Fatal(err)
			}
			if tc.passes {
				receive(t, client, decision)
			} else {
				<-g.decided
			}
			send(t, client, server, request(3, 1, 42, false))
			send(t, server, client, next)
		})
	}
}

// send writes and expects the same at the other end.
func send(t *testing.T, from, to net.Conn, text []byte) {
	t.Helper()
	if _, err := from.Write(text); err != nil {
		t.Fatal(err)
	}
	receive(t, to, text)
}

func receive(t *testing.T, at net.Conn, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(at, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %x, want %x: %v", got, want, err)
	}
}
