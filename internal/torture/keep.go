package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"aslogd/internal/verdict"
)

// A keeping is a good cell as a line of the file that --keep names, so that a
// matrix that was interrupted can go on. What it is good for is what the cell
// followed from.
type keeping struct {
	Of       conditions       `json:"of"`
	Services string           `json:"services"`
	Verdict  *verdict.Verdict `json:"verdict"`
	Requests int              `json:"requests"`
	Perfect  int              `json:"perfect"`
	CatchUp  time.Duration    `json:"catch_up_ns"`
	Took     time.Duration    `json:"took_ns"`
	Peak     int64            `json:"peak_bytes"`
	Hits     int              `json:"hits"`
}

// conditions are what a cell follows from, its services left aside.
type conditions struct {
	Scenario string `json:"scenario"`
	Fault    string `json:"fault"`
	Binary   string `json:"binary_sha256"` // of the daemon
	Seed     uint64 `json:"seed"`
	Short    bool   `json:"short"`
}

// A keep is the file and what it held. Without a name it holds nothing.
type keep struct {
	name string

	mu    sync.Mutex
	cells map[conditions]keeping
}

// openKeep reads the file where there is one. A last line that was cut off, as
// by the end of the process, is passed over.
func openKeep(name string) (*keep, error) {
	k := &keep{name: name, cells: map[conditions]keeping{}}
	if name == "" {
		return k, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the results that were kept: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		var cell keeping
		if json.Unmarshal(lines.Bytes(), &cell) == nil && cell.Verdict != nil {
			k.cells[cell.Of] = cell
		}
	}
	return k, lines.Err()
}

// find gives the result of a cell that was good under the same conditions; nil:
// it is to be run. What was good under rules of old is held against today's.
func (k *keep) find(p pair, of conditions) (*result, string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	cell, found := k.cells[of]
	if !found {
		return nil, ""
	}
	r := &result{pair: p, verdict: cell.Verdict, requests: cell.Requests, perfect: cell.Perfect,
		catchUp: cell.CatchUp, took: cell.Took, peak: cell.Peak, hits: cell.Hits, kept: true}
	if !r.good() {
		return nil, ""
	}
	return r, cell.Services
}

// add writes a cell down if it is good.
func (k *keep) add(r *result, of conditions, services string) error {
	if k.name == "" || !r.good() || r.kept {
		return nil
	}
	line, err := json.Marshal(keeping{Of: of, Services: services, Verdict: r.verdict, Requests: r.requests, Perfect: r.perfect,
		CatchUp: r.catchUp, Took: r.took, Peak: r.peak, Hits: r.hits})
	if err != nil {
		return fmt.Errorf("keep the result of %s: %w", r.pair, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	f, err := os.OpenFile(k.name, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("keep the result of %s: %w", r.pair, err)
	}
	// A line that was cut off ends here, lest this one is lost with it.
	if end, err := f.Seek(0, io.SeekEnd); err == nil && end > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, end-1); err == nil && last[0] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep the result of %s: %w", r.pair, err)
	}
	return nil
}

// sum is the SHA-256 of a file.
func sum(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("sum up the daemon: %w", err)
	}
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:]), nil
}
