package simulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A fate is what befalls one request.
type fate struct {
	slow, throttle, fail, garbage, drop bool
}

// fate is drawn from the seed and the request's number, each fault by itself,
// so that turning one on does not move the others.
func (f *Faults) fate(seed, n uint64) fate {
	hit := func(what uint64, p float64) bool {
		d := rollFor(seed, 20+what, n)
		return p > 0 && d.hit(p)
	}
	return fate{
		slow:     hit(0, f.Slow),
		throttle: hit(1, f.Throttle),
		fail:     hit(2, f.ServerError),
		garbage:  hit(3, f.Garbage),
		drop:     hit(4, f.Drop),
	}
}

// gateway counts the request and says whether it goes no further.
func (s *Simulator) gateway(f fate, n uint64, now time.Time, count func(*Counts) *int) (answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*count(&s.counts)++
	if m := now.Unix() / 60; m != s.minute {
		s.minute, s.inMin = m, 0
	}
	s.inMin++
	limit := s.cfg.Faults.PerMinute
	over := limit > 0 && s.inMin > limit && !s.resting(now)
	switch {
	case over || f.throttle:
		s.counts.Refused++
		wait := 1 + n%3
		if over {
			wait = uint64(60 - now.Unix()%60)
		} else {
			limit = 200
		}
		a := gatewayError(http.StatusTooManyRequests, "APIGW.0308",
			fmt.Sprintf("The throttling threshold has been reached: policy user over ratelimit,limit:%d,time:1 minute", limit), n)
		s.retryAfter(a, n, now, time.Duration(wait)*time.Second)
		return a, true
	case f.fail:
		s.counts.Failed++
		return failure(n), true
	}
	return answer{}, false
}

// retryAfter says when to come again, in one of the forms that HTTP knows.
func (s *Simulator) retryAfter(a answer, n uint64, now time.Time, wait time.Duration) {
	form := s.cfg.Faults.RetryAfter
	if form == "mixed" {
		form = [...]string{"none", "seconds", "date"}[n%3]
	}
	switch form {
	case "seconds":
		a.header.Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
	case "date":
		// Whole seconds: one more, so that the date is not too early.
		a.header.Set("Retry-After", now.Add(wait+time.Second).UTC().Format(http.TimeFormat))
	}
}

// failure is one of three ways to fail.
func failure(n uint64) answer {
	switch scramble(n) % 3 {
	case 0:
		return serviceError(http.StatusInternalServerError, "AS.0001", "System error.")
	case 1:
		return gatewayError(http.StatusInternalServerError, "APIGW.0601", "Internal server error", n)
	default:
		return htmlAnswer(http.StatusBadGateway)
	}
}

// spoil makes of a good page one that is none, though its status is 200.
func spoil(a answer, n uint64) answer {
	if scramble(n)%2 == 0 {
		return htmlAnswer(http.StatusOK)
	}
	a.body = a.body[:len(a.body)*2/3]
	return a
}

// pause waits, and reports whether the caller waited too.
func pause(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
