package ingest

import "time"

// due is from when on a poll that waits for the budget may go before those that have
// waited longer: once the group was not polled for a twentieth of the time that it
// has rested. What showed something a while ago is likelier to show something soon
// than what has rested for days. Zero: nobody knows that it ever did.
//
// What rests for less than twenty intervals is due at its place, which paces it; half
// an interval keeps a group that had to wait for one poll from a second at once.
func (w *worker) due(now time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stirred.IsZero() {
		return time.Time{}
	}
	return w.polled.Add(max(now.Sub(w.stirred)/20, w.poll/2))
}
