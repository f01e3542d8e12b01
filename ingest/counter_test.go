package ingest

import (
	"context"
	"time"

	"aslogd/checkpoint"
)

// Newest is of what is stored, by the cloud's own stamps.
func (m *memory) Newest(_ context.Context, group string, before time.Time) (newest *time.Time, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	for _, e := range m.cloud.log[group] {
		if _, ok := m.stored[group][e.id]; ok && e.start.Before(before) && (newest == nil || e.start.After(*newest)) {
			newest = &e.start
		}
	}
	return newest, nil
}

// Count counts what is stored, by the same stamps.
func (m *memory) Count(_ context.Context, group string, span Span) (n checkpoint.Count, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	around := Span{From: span.From.Add(-time.Second), To: span.To.Add(2 * time.Second)}
	for _, e := range m.cloud.log[group] {
		if _, ok := m.stored[group][e.id]; !ok || !around.Has(e.start) {
			continue
		}
		n.Around++
		n.Oldest = older(n.Oldest, &e.start)
		if span.Has(e.start) {
			n.Inside++
		}
	}
	return n, nil
}
