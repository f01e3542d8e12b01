package ground

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/procfs"
)

// A Meter reads CPU time off /proc: that of Postgres with all its backends, dead
// or alive, of Kafka, of this process, and of others by their number.
type Meter struct {
	fs       procfs.FS
	postgres int // the postmaster
	kafka    int // 0: not on this machine
}

// Costs are CPU times from some moment on.
type Costs struct{ Postgres, Kafka, Self time.Duration }

// Sub are the costs since another reading.
func (c Costs) Sub(before Costs) Costs {
	return Costs{c.Postgres - before.Postgres, c.Kafka - before.Kafka, c.Self - before.Self}
}

// All is what all of them took.
func (c Costs) All() time.Duration { return c.Postgres + c.Kafka + c.Self }

const (
	tick      = 10 * time.Millisecond // USER_HZ is 100 wherever Go runs on Linux
	listening = 10                    // TCP_LISTEN of the kernel
)

func newMeter(ctx context.Context, server, kafka string) (*Meter, error) {
	m := &Meter{}
	var err error
	if m.fs, err = procfs.NewDefaultFS(); err != nil {
		return nil, fmt.Errorf("read /proc, which CPU times are read off: %w", err)
	}
	db, err := pgx.Connect(ctx, server)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	defer db.Close(ctx)
	var backend int
	if err := db.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return nil, fmt.Errorf("ask Postgres for its process: %w", err)
	}
	stat, err := m.stat(backend)
	if err != nil {
		return nil, fmt.Errorf("find the postmaster, which has to run on this machine: %w", err)
	}
	m.postgres = stat.PPID
	if m.kafka, err = m.listener(kafka); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Meter) stat(pid int) (procfs.ProcStat, error) {
	p, err := m.fs.Proc(pid)
	if err != nil {
		return procfs.ProcStat{}, err
	}
	return p.Stat()
}

// Read gives the costs up to now.
func (m *Meter) Read() (Costs, error) {
	var c Costs
	var err error
	if c.Kafka, err = m.Process(m.kafka); err != nil {
		return c, err
	}
	if c.Self, err = m.Process(os.Getpid()); err != nil {
		return c, err
	}
	all, err := m.fs.AllProcs()
	if err != nil {
		return c, fmt.Errorf("list processes: %w", err)
	}
	for _, p := range all {
		s, err := p.Stat() // one may have ended since the list was made
		if err == nil && p.PID == m.postgres {
			c.Postgres += ticks(s.UTime) + ticks(s.STime) + ticks(uint(s.CUTime)) + ticks(uint(s.CSTime))
		} else if err == nil && s.PPID == m.postgres {
			c.Postgres += ticks(s.UTime) + ticks(s.STime)
		}
	}
	return c, nil
}

// Process is the CPU time of one process, without its children.
func (m *Meter) Process(pid int) (time.Duration, error) {
	s, err := m.stat(pid)
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	return ticks(s.UTime) + ticks(s.STime), nil
}

func ticks(n uint) time.Duration { return time.Duration(n) * tick }

// listener is the process that listens at a local address.
func (m *Meter) listener(address string) (int, error) {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return 0, fmt.Errorf("read Kafka's address: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("read Kafka's address: %w", err)
	}
	var sockets []string
	four, _ := m.fs.NetTCP() // a machine may lack either
	six, _ := m.fs.NetTCP6()
	for _, s := range slices.Concat(four, six) {
		if s.LocalPort == port && s.St == listening {
			sockets = append(sockets, fmt.Sprintf("socket:[%d]", s.Inode))
		}
	}
	all, err := m.fs.AllProcs()
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	for _, p := range all {
		open, _ := p.FileDescriptorTargets() // other people's are closed to us
		if slices.ContainsFunc(open, func(o string) bool { return slices.Contains(sockets, strings.TrimSpace(o)) }) {
			return p.PID, nil
		}
	}
	return 0, fmt.Errorf("no process of this machine listens at %s: Kafka's CPU time could not be read", address)
}
