package sink

import (
	"testing"
	"time"
)

// Answers arrive in any order and from replicas that lag; what may become a
// revision is decided here.
func TestLaw06ALateAnswerNeverUndoesALaterOne(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return day.Add(time.Duration(minute) * time.Minute) }
	a, b, c := []byte("a"), []byte("b"), []byte("c")
	stored := func(change ...func(*state)) *state {
		s := &state{hash: b, ended: true, revision: 2, epoch: 7, asked: at(10), earlier: [][]byte{a}}
		for _, f := range change {
			f(s)
		}
		return s
	}
	staleA := func(s *state) { s.staleHash, s.staleSince = a, at(20) }
	staleC := func(s *state) { s.staleHash, s.staleSince = c, at(20) }
	running := func(s *state) { s.ended = false }

	for _, tt := range []struct {
		name   string
		stored *state
		sight  sight
		want   verdict
	}{
		{"first sight", nil, sight{hash: a, epoch: 7, asked: at(0)}, isNew},
		{"the same again", stored(), sight{hash: b, epoch: 7, asked: at(20)}, same},
		{"the same, asked before", stored(), sight{hash: b, epoch: 7, asked: at(0)}, same},
		{"the same ends a return", stored(staleA), sight{hash: b, epoch: 7, asked: at(30)}, cleared},
		{"another", stored(), sight{hash: c, epoch: 7, asked: at(20)}, isChanged},
		{"another, asked at the same moment", stored(), sight{hash: c, epoch: 7, asked: at(10)}, isChanged},
		{"another, asked before", stored(), sight{hash: c, epoch: 7, asked: at(9)}, late},
		{"another, of an earlier epoch", stored(), sight{hash: c, epoch: 6, asked: at(90)}, late},
		{"another, of a later epoch whose clock is behind", stored(), sight{hash: c, epoch: 8, asked: at(1)}, isChanged},
		{"DOING after an end", stored(), sight{hash: c, doing: true, open: true, epoch: 8, asked: at(20)}, late},
		{"DOING after DOING", stored(running), sight{hash: c, doing: true, open: true, epoch: 7, asked: at(20)}, isChanged},
		{"an earlier payload returns", stored(), sight{hash: a, epoch: 7, asked: at(20)}, returned},
		{"it is shown still, too short", stored(staleA), sight{hash: a, epoch: 7, asked: at(79)}, late},
		{"it is shown still, long enough", stored(staleA), sight{hash: a, epoch: 7, asked: at(80)}, isChanged},
		{"another earlier payload returns", stored(staleC), sight{hash: a, epoch: 7, asked: at(99)}, returned},
		{"an earlier DOING, however long", stored(staleA), sight{hash: a, doing: true, open: true, epoch: 7, asked: at(999)}, late},
	} {
		if got := decide(tt.stored, tt.sight, time.Hour); got != tt.want {
			t.Errorf("%s: verdict %d, want %d", tt.name, got, tt.want)
		}
	}
}

// Answers judged in one commit: what lies between is never a revision.
func TestLaw06AnswersOfOneCommit(t *testing.T) {
	t.Parallel()
	s := &state{hash: []byte("a"), revision: 1, epoch: 7, asked: day}
	for i, hash := range []string{"b", "c", "b", "a"} {
		x := sight{hash: []byte(hash), open: true, epoch: 7, asked: day.Add(time.Duration(i) * time.Second)}
		s = s.after(x, decide(s, x, time.Hour))
	}
	if got := string(s.hash); got != "b" {
		t.Errorf("the last answer that counts is %s, want b", got)
	}
	if len(s.earlier) != 1 || string(s.earlier[0]) != "a" {
		t.Errorf("earlier revisions %q, want only what is stored: a", s.earlier)
	}
	if string(s.staleHash) != "a" {
		t.Errorf("stale hash %q, want a: it was shown again", s.staleHash)
	}
}
