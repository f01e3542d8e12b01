package main

// Mutations of the laws that bound what reading costs others.

var weather = []mutation{
	{
		breaks: "429 is taken for a refusal",
		file:   "ingest/asapi/errors.go",
		old:    `	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusTooEarly:`,
		new:    `	case http.StatusRequestTimeout, http.StatusTooEarly:`,
		pkg:    "ingest/asapi", test: "TestLaw07WeatherIsRetried",
	},
	{
		breaks: "5xx is taken for a refusal",
		file:   "ingest/asapi/errors.go",
		old:    `	return e.Status >= 500 &&`,
		new:    `	return e.Status >= 600 &&`,
		pkg:    "ingest/asapi", test: "TestLaw07WeatherIsRetried",
	},
	{
		breaks: "a group that fails stops all groups of its shard",
		file:   "ingest/loop.go",
		old:    `		failed++`,
		new:    `		return err`,
		pkg:    "ingest", test: "TestLaw07ARefusedGroupDisturbsNobody",
	},
	{
		breaks: "a record that cannot be read is dropped in silence",
		file:   "ingest/asapi/page.go",
		old:    `	page.Rejects = append(page.Rejects, reject)`,
		new:    ``,
		pkg:    "ingest/asapi", test: "TestLaw07BadRecordsAreOneByOne",
	},
	{
		breaks: "a row that breaks its page takes its neighbours with it",
		file:   "ingest/fetch.go",
		old:    `	if count <= 1 {`,
		new:    `	if count <= 100 {`,
		pkg:    "ingest", test: "TestLaw07ARowThatBreaksItsPageCostsItselfAlone",
	},
	{
		breaks: "what Postgres refuses is set aside with its neighbours",
		file:   "sink/commit_store.go",
		old: `	if len(refused) == 1 {
		bad[refused[0]] = cause
		return nil
	}`,
		new: `	if len(refused) <= 2 {
		for _, u := range refused {
			bad[u] = cause
		}
		return nil
	}`,
		pkg: "sink", test: "TestLaw07WhatPostgresRefusesIsSplitOff",
	},
	{
		breaks: "no commit without an answer from Kafka",
		file:   "sink/relay_fork.go",
		old: `	// The lease is checked all the same, and what is known without Kafka.
`,
		new: `	if !r.answers(ctx) {
		return errors.New("no broker answers")
	}
`,
		pkg: "sink", test: "TestRelayWithoutKafka",
	},
}

var memory = []mutation{
	{
		breaks: "workers remember rows without room",
		file:   "ingest/recalls.go",
		old:    `r == nil || r.room.Add(-int64(rows)) >= 0`,
		new:    `r == nil || r.room.Add(-int64(rows)) != 0`,
		pkg:    "ingest", test: "TestLaw09WhatWorkersRememberTogetherIsBounded",
	},
	{
		breaks: "batches that wait weigh nothing",
		file:   "sink/commit_queue.go",
		old:    `size: min(weigh(b), c.limit)`,
		new:    `size: min(weigh(b), 0)`,
		pkg:    "sink", test: "TestLaw09WaitingBatchesAreBounded",
	},
	{
		breaks: "a merged commit takes all that waits",
		file:   "sink/commit_queue.go",
		old:    `len(c.queue[n].batch.Actions) <= mergeLimit) {`,
		new:    `len(c.queue[n].batch.Actions) <= 1<<30) {`,
		pkg:    "sink", test: "TestLaw09AMergedCommitIsBounded",
	},
	{
		breaks: "a Kafka transaction takes rows without regard to their size",
		file:   "sink/sql/relay_rows.sql",
		old:    `WHERE total >= @bytes`,
		new:    `WHERE total >= @bytes::bigint + 1000000000`,
		pkg:    "sink", test: "TestLaw09ATransactionIsBoundedByBytes",
	},
	{
		breaks: "what is not published yet is remembered without end",
		file:   "sink/relay_recent.go",
		old:    `		if !m.room.TryAcquire(one.size) && `,
		new:    `		if !m.room.TryAcquire(0) && `,
		pkg:    "sink", test: "TestLaw09WhatIsRememberedIsBounded",
	},
	{
		breaks: "answers are asked for without room",
		file:   "ingest/asapi/admit.go",
		old:    `		held, err := c.cfg.Memory.hold(ctx, n)`,
		new:    `		held, err := (*Memory)(nil).hold(ctx, n)`,
		pkg:    "ingest/asapi", test: "TestLaw09NoMoreAnswersUnderWayThanThereIsRoomFor",
	},
	{
		breaks: "an answer of any size is read",
		file:   "ingest/asapi/memory.go",
		old:    `	maxPage   = 32 << 20`,
		new:    `	maxPage   = 32 << 30`,
		pkg:    "ingest/asapi", test: "TestLaw09AnswersTooLargeAreNotRead",
	},
	{
		breaks: "a worker remembers every row that it ever committed",
		file:   "ingest/worker.go",
		old:    `len(w.known) < maxKnown {`,
		new:    `len(w.known) < 1<<30 {`,
		pkg:    "ingest", test: "TestLaw09AWorkerRemembersSoMuchAndNoMore",
	},
	{
		breaks: "a pass over a closed span takes all of it, whatever its size",
		file:   "ingest/spans.go",
		old:    `	if p.total > most && piece.Length() > time.Second {`,
		new:    `	if p.total > most+1<<30 && piece.Length() > time.Second {`,
		pkg:    "ingest", test: "TestLaw09APassIsBounded",
	},
	{
		breaks: "a short page takes the room of a long one",
		file:   "ingest/asapi/memory.go",
		old:    `	size := int64(4 << 10)`,
		new:    `	size := int64(32 << 10)`,
		pkg:    "ingest/asapi", test: "TestLaw09AShortPageTakesLittle",
	},
	{
		breaks: "all groups that are found together are read at once",
		file:   "ingest/starts.go",
		old:    `	s.next = s.next.Add(apart)`,
		new:    ``,
		pkg:    "ingest", test: "TestLaw09FirstPollsDoNotBeginAtOnce",
	},
	{
		breaks: "a long list of groups is kept whole",
		file:   "ingest/watch.go",
		old:    `len(untold) >= checkpoint.ListPiece`,
		new:    `len(untold) >= 1<<30`,
		pkg:    "ingest", test: "TestLaw09ALongListIsKeptByPieces",
	},
}

var requests = []mutation{
	{
		breaks: "requests are counted for no purpose",
		file:   "ingest/asapi/metrics.go",
		old:    `		m.purpose.WithLabelValues(source, class.String()).Inc()`,
		new:    ``,
		pkg:    "ingest/asapi", test: "TestLaw10EveryRequestSaysWhatItWasFor",
	},
	{
		breaks: "a retry does not wait for the budget",
		file:   "ingest/asapi/request.go",
		old:    `	held, err := c.admit(ctx, call, hold)`,
		new: `	if call.query.Get("tried") != "" {
		c.cfg.Budget = nil
	}
	call.query.Set("tried", "yes")
	held, err := c.admit(ctx, call, hold)`,
		pkg: "ingest/asapi", test: "TestLaw10EveryRequestSaysWhatItWasFor",
	},
	{
		breaks: "a replica takes from the budget though it has nothing to ask",
		file:   "ingest/asapi/share.go",
		old: `	if n == 0 {
		return 0, -1
	}`,
		new: `	n = max(n, 1)`,
		pkg: "ingest/asapi", test: "TestLaw10NobodyWaitsNothingTaken",
	},
	{
		breaks: "the watch takes what all others live on",
		file:   "ingest/asapi/budget.go",
		old:    `	quarter := float64(perMinute) / 60 / 4`,
		new:    `	quarter := float64(perMinute) / 60`,
		pkg:    "ingest/asapi", test: "TestLaw10ClassesShareAShortBudget",
	},
	{
		breaks: "a group that refuses is asked at each poll",
		file:   "ingest/loop.go",
		old:    `			wait = max(wait, min(w.poll<<min(failed, 16), mostRefused))`,
		new:    ``,
		pkg:    "ingest", test: "TestLaw07ARefusedGroupDisturbsNobody",
	},
	{
		breaks: "each action that hangs is asked for at each poll",
		file:   "ingest/follow.go",
		old:    `	due = due[:min(len(due), mostFar)]`,
		new:    ``,
		pkg:    "ingest", test: "TestLaw10ManyHangingActionsAreAskedForInTurn",
	},
	{
		breaks: "a backfill halves its spans without asking what they hold",
		file:   "ingest/spans.go",
		old:    `	pieces := (r.rows + aim - 1) / aim`,
		new:    `	pieces := 2 + 0*aim`,
		pkg:    "ingest", test: "TestLaw10APastOfManyPiecesAsksLittleInVain",
	},
	{
		breaks: "what was old when it was first read is read again by the settle",
		file:   "ingest/settle.go",
		old:    `Span{From: from, To: to}).Sub(w.settles.ripe[stage]...)`,
		new:    `Span{From: from, To: to})`,
		pkg:    "ingest", test: "TestLaw10WhatWasOldWhenFirstReadNeedsNoSettling",
	},
	{
		breaks: "a new process begins the settle anew",
		file:   "ingest/settle.go",
		old: `		from, ok := w.group.Settled[stage]
		if !ok {`,
		new: `		from, ok := w.group.Settled[stage]
		if ok = ok && len(w.settles.tries) > 0; !ok {`,
		pkg: "ingest", test: "TestLaw10SettleCostsFewRequests",
	},
	{
		breaks: "what was proved a moment ago is read again at each poll",
		file:   "ingest/recall.go",
		old:    `	if r == nil || from.Before(r.from)`,
		new:    `	if r == nil || !from.IsZero()`,
		pkg:    "ingest", test: "TestLaw10ABusyGroupIsReadByItsHead",
	},
	{
		breaks: "a group at rest is polled before one that is followed",
		file:   "ingest/tail.go",
		old: `	class = Tail
	if w.group.Scaling || w.hinted {`,
		new: `	class = Follow
	if w.group.Scaling || w.hinted {`,
		pkg: "ingest", test: "TestLaw10AGroupAtRestIsNotFollowed",
	},
	{
		breaks: "a hint waits behind the poll that waits for its turn",
		file:   "ingest/loop.go",
		old:    `	case jump != nil:`,
		new:    `	case jump != nil && false:`,
		pkg:    "ingest", test: "TestLaw10AHintGoesBeforePollsThatWait",
	},
	{
		breaks: "what is followed takes the tail's turns",
		file:   "ingest/asapi/share.go",
		old:    `	case first == int(ingest.Follow) && turn == 1 &&`,
		new:    `	case first == int(ingest.Follow) && turn < 0 &&`,
		pkg:    "ingest/asapi", test: "TestLaw10WhatIsFollowedLeavesTheTailItsTurn",
	},
	{
		breaks: "a backfill asks again for the page that the first poll read",
		file:   "ingest/contact.go",
		old:    `	if class != Backfill || e != nil || h == nil {`,
		new:    `	if class != Backfill || e == nil || h == nil {`,
		pkg:    "ingest", test: "TestLaw10ABacklogThenLive",
	},
	{
		breaks: "a poll that is overdue waits for all that have waited longer",
		file:   "ingest/asapi/share.go",
		old:    `		if b.polls++; b.polls%2 == 1 {`,
		new:    `		if b.polls++; b.polls < 0 {`,
		pkg:    "ingest/asapi", test: "TestLaw10GroupsWithRecentNewsArePolledFirst",
	},
	{
		breaks: "polls that are overdue take the turns of those that have waited longest",
		file:   "ingest/asapi/share.go",
		old:    `		if b.polls++; b.polls%2 == 1 {`,
		new:    `		if b.polls++; b.polls > 0 {`,
		pkg:    "ingest/asapi", test: "TestLaw10GroupsAtRestKeepHalfOfThePolls",
	},
	{
		breaks: "a group that was active once goes before others for ever",
		file:   "ingest/due.go",
		old:    `	return w.polled.Add(max(now.Sub(w.stirred)/20, w.poll/2))`,
		new:    `	return w.polled.Add(max(now.Sub(now), w.poll/2))`,
		pkg:    "ingest/asapi", test: "TestLaw10WhatWasNewsFades",
	},
	{
		breaks: "a start knows of no news that there were before",
		file:   "ingest/fleet.go",
		old:    `	if w.stirred, w.polled = g.Newest, w.frontLocked(); !g.Known {`,
		new:    `	if w.polled = w.frontLocked(); !g.Known {`,
		pkg:    "ingest/asapi", test: "TestLaw10GroupsWithRecentNewsArePolledFirst",
	},
}
