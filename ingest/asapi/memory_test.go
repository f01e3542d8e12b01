package asapi

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/ingest"
)

// Over a real connection: net/http's own gzip, and an answer too large to be
// read, compressed a thousand times smaller than it is.
func TestLaw09AnswersTooLargeAreNotRead(t *testing.T) {
	t.Parallel()
	pages := map[string]int{"small": 100, "large": maxPage + 1}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		group := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		_, _ = io.WriteString(z, `{"total_number":1,"scaling_activity_log":[{"id":"a","x":"`)
		_, _ = io.Copy(z, io.LimitReader(letters{}, int64(pages[group])))
		_, _ = io.WriteString(z, `"}]}`)
	}))
	defer server.Close()
	c, err := New(Config{Source: "s", URL: server.URL, Project: "p", Auth: None{}, Memory: NewMemory(0)})
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.Actions(t.Context(), ingest.Tail, "small", ingest.Query{Limit: 100})
	if err != nil || page.Rows() != 1 {
		t.Fatalf("small page: %v", err)
	}
	page.Done() // nobody keeps a page while asking for another
	page.Done()
	_, err = c.Actions(t.Context(), ingest.Tail, "large", ingest.Query{Limit: 100})
	var pageErr *ingest.PageError
	if !errors.As(err, &pageErr) || !errors.Is(err, ingest.ErrNotJSON) {
		t.Fatalf("got %v", err)
	}
	if r := pageErr.Reject; r.Reason != TooLarge || len(r.Raw) != maxRaw || !r.Page || len(r.RawHash) != 32 {
		t.Errorf("quarantined %s, %d bytes", r.Reason, len(r.Raw))
	}
	if !c.cfg.Memory.allFree() {
		t.Error("an answer's room was not given back")
	}
}

// A page waits until it is stored, and with thousands of groups thousands do: one of a
// single short record takes no more than that, whether or not the answer says how long
// it is.
func TestLaw09AShortPageTakesLittle(t *testing.T) {
	t.Parallel()
	const body = `{"total_number":1,"scaling_activity_log":[{"id":"a"}]}`
	for _, told := range []int64{-1, int64(len(body))} {
		cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) {
			r, err := reply(200, body)
			r.ContentLength = told
			return r, err
		}}
		c := newClient(t, cloud, None{}, nil)
		c.cfg.Memory = NewMemory(maxPage)
		page, err := ask(t, c)
		if err != nil || page.Rows() != 1 {
			t.Fatal(err)
		}
		if !c.cfg.Memory.room.TryAcquire(maxPage - pollTakes - 6<<10) {
			t.Errorf("length said to be %d: the page takes more than 6 KiB beside its poll", told)
		}
	}
}

func (m *Memory) allFree() bool { return m.room.TryAcquire(m.size) }

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// Breaks: many large answers at once, with room for one. Holds: none waits for
// ever, each is read in the end.
func TestLaw09LargeAnswersTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body := strings.Repeat(" ", 5<<20) + `{"total_number":1,"scaling_activity_log":[{"id":"a"}]}`
		cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) {
			r, err := reply(200, "")
			r.Body = io.NopCloser(&slow{r: strings.NewReader(body)})
			return r, err
		}}
		c := newClient(t, cloud, None{}, nil)
		c.cfg.Memory = NewMemory(maxPage)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				page, err := ask(t, c)
				if err != nil || page.Rows() != 1 {
					t.Errorf("%v", err)
					return
				}
				page.Done()
			})
		}
		wg.Wait()
		if !c.cfg.Memory.allFree() {
			t.Error("an answer's room was not given back")
		}
	})
}

// Room for an answer is taken before it is asked for: no more are under way
// than there is room for, however many ask.
func TestLaw09NoMoreAnswersUnderWayThanThereIsRoomFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var under, most int
		cloud := &fakeCloud{reply: func(int, *http.Request) (*http.Response, error) {
			count := func(by int) {
				mu.Lock()
				defer mu.Unlock()
				under += by
				most = max(most, under)
			}
			count(1)
			time.Sleep(time.Second)
			count(-1)
			return reply(200, `{"total_number":1,"scaling_activity_log":[{"id":"a"}]}`)
		}}
		c := newClient(t, cloud, None{}, nil)
		c.cfg.Memory = NewMemory(maxPage)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				page, err := ask(t, c)
				if err != nil {
					t.Error(err)
					return
				}
				page.Done()
			})
		}
		wg.Wait()
		if most != maxPage/firstHold {
			t.Errorf("%d at once", most)
		}
	})
}

// A slow reader lets every other one have a turn before it reads on.
type slow struct{ r io.Reader }

func (s *slow) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return s.r.Read(p)
}
