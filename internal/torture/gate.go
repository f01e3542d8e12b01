package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// endTxn is the key of the request that ends a transaction.
const endTxn = 26

// A gate stands before Kafka and lets everything through but, while it is shut,
// the answers to EndTxn: the broker has decided, and nobody is told.
type gate struct {
	listener net.Listener
	to       string
	decided  chan struct{} // one is sent for a transaction that was committed, and whose answer was kept back

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]bool // those that are open
}

func newGate(to string) (*gate, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen before Kafka: %w", err)
	}
	g := &gate{listener: listener, to: to, decided: make(chan struct{}, 1), conns: map[net.Conn]bool{}}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			go g.carry(client)
		}
	}()
	return g, nil
}

func (g *gate) at() string { return g.listener.Addr().String() }

// close ends every connection too.
func (g *gate) close() {
	_ = g.listener.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		_ = conn.Close()
	}
}

// set shuts it or opens it. What it kept back is gone.
func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	select {
	case <-g.decided: // of an earlier time
	default:
	}
}

func (g *gate) closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut
}

func (g *gate) note(conns ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range conns {
		g.conns[conn] = true
	}
}

func (g *gate) end(conns ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
		delete(g.conns, conn)
	}
}

// carry is one connection. It ends when either side does.
func (g *gate) carry(client net.Conn) {
	server, err := net.Dial("tcp", g.to)
	if err != nil {
		_ = client.Close()
		return
	}
	g.note(client, server)
	var ends sync.Map // correlation id of a commit's EndTxn: its version
	go func() {
		defer g.end(client, server)
		_ = frames(client, server, func(head []byte) (whole bool, then func([]byte) bool) {
			if len(head) < 8 || binary.BigEndian.Uint16(head) != endTxn {
				return false, nil
			}
			return true, func(request []byte) bool {
				if commits(request) {
					ends.Store(binary.BigEndian.Uint32(request[4:]), binary.BigEndian.Uint16(request[2:]))
				}
				return true
			}
		})
	}()
	defer g.end(client, server)
	_ = frames(server, client, func(head []byte) (whole bool, then func([]byte) bool) {
		version, ours := ends.LoadAndDelete(binary.BigEndian.Uint32(head))
		if !ours || !g.closed() {
			return false, nil
		}
		return true, func(answer []byte) bool {
			if succeeded(answer, version.(uint16)) {
				select {
				case g.decided <- struct{}{}:
				default:
				}
				return false
			}
			return true
		}
	})
}

// commits says whether an EndTxn asks for a commit, by its last field. From
// version 3 on a byte for tags follows.
func commits(request []byte) bool {
	last := len(request) - 1
	if binary.BigEndian.Uint16(request[2:]) >= 3 {
		last--
	}
	return last >= 8 && request[last] == 1
}

// succeeded reads the error code, which follows the time that the broker
// throttled for, and from version 3 on a byte for tags.
func succeeded(answer []byte, version uint16) bool {
	code := 4 + 4
	if version >= 3 {
		code++
	}
	return len(answer) >= code+2 && binary.BigEndian.Uint16(answer[code:]) == 0
}

// largest is more than any message that is looked at whole.
const largest = 1 << 20

var errFrame = errors.New("this is not Kafka's protocol")

// frames copies messages. look sees the first bytes of each and says whether it
// wants the whole, and then whether that goes on.
func frames(from io.Reader, to io.Writer, look func(head []byte) (whole bool, then func([]byte) bool)) error {
	for {
		var size [4]byte
		if _, err := io.ReadFull(from, size[:]); err != nil {
			return err
		}
		n := int64(binary.BigEndian.Uint32(size[:]))
		if n < 4 {
			return errFrame
		}
		head := make([]byte, min(n, 8))
		if _, err := io.ReadFull(from, head); err != nil {
			return err
		}
		whole, then := look(head)
		if !whole {
			if _, err := to.Write(append(size[:], head...)); err != nil {
				return err
			}
			if _, err := io.CopyN(to, from, n-int64(len(head))); err != nil {
				return err
			}
			continue
		}
		if n > largest {
			return errFrame
		}
		message := make([]byte, n)
		copy(message, head)
		if _, err := io.ReadFull(from, message[len(head):]); err != nil {
			return err
		}
		if then(message) {
			if _, err := to.Write(append(size[:], message...)); err != nil {
				return err
			}
		}
	}
}
