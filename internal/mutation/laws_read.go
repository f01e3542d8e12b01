package main

// Mutations of the laws that reading keeps.

var proof = []mutation{
	{
		breaks: "a pass with a stale answer proves",
		file:   "ingest/pass.go",
		old:    `	proved := p.missing() == 0 && p.stale == 0 &&`,
		new:    `	proved := p.missing() == 0 &&`,
		pkg:    "ingest", test: "TestLaw02APassWithAStaleAnswerProvesNothing",
	},
	{
		breaks: "the commit covers what a stale read claims",
		file:   "sink/commit_rest.go",
		old:    `		if a.outcomes[it].Stale > 0 {`,
		new:    `		if false {`,
		pkg:    "sink", test: "TestLaw02AStaleReadCoversNothing",
	},
	{
		breaks: "a total that changes from page to page is not noticed",
		file:   "ingest/open.go",
		old:    `	case page.Total != p.total:`,
		new:    `	case false:`,
		pkg:    "ingest", test: "TestLaw02AnswersOfTwoListsProveNothing",
	},
	{
		breaks: "a page that does not join the one before is taken",
		file:   "ingest/open.go",
		old:    `	case p.shares(page) != 1:`,
		new:    `	case p.shares(page) > 1:`,
		pkg:    "ingest", test: "TestLaw02AListThatMovesUnderThePass",
	},
	{
		breaks: "passes are joined whatever their seconds show",
		file:   "ingest/closed.go",
		old:    `before.total == p.total && maps.Equal(before.seconds, seconds) {`,
		new:    `before.total == p.total && maps.Equal(seconds, seconds) {`,
		pkg:    "ingest", test: "TestLaw02AnswersOfTwoListsProveNothing",
	},
	{
		breaks: "a closed span's pages may tell of different totals",
		file:   "ingest/closed.go",
		old:    `				if page.Total != p.total {`,
		new:    `				if false {`,
		pkg:    "ingest", test: "TestLaw02AnswersOfTwoListsProveNothing",
	},
	{
		breaks: "covered reaches past the pass's own beginning",
		file:   "ingest/pass.go",
		old:    `	end := second(p.began.Add(-slack))`,
		new:    `	end := second(time.Now().Add(slack))`,
		pkg:    "ingest", test: "TestLaw02",
	},
	{
		breaks: "the server's Date is believed where it is ahead of ours",
		file:   "ingest/fetch.go",
		old:    `	return checkpoint.Earlier(asked, date.Add(min(0, asked.Sub(now))))`,
		new:    `	return date.Add(min(0, asked.Sub(now)))`,
		pkg:    "ingest", test: "TestLaw02ADateAheadOfTheStampsCoversNoFuture",
	},
	{
		breaks: "a second too full to page through is called covered",
		file:   "ingest/closed.go",
		old:    `		Lost: []checkpoint.Lost{{Span: p.span, Reason: checkpoint.OffsetCap}},`,
		new:    `		Covered: []Span{p.span},`,
		pkg:    "ingest", test: "TestLaw02ASecondTooFullToPageThroughIsAGap",
	},
	{
		breaks: "an empty answer is believed further back than the source goes",
		file:   "ingest/pass.go",
		old:    `	from := checkpoint.Later(p.span.From, p.w.reach(p.began))`,
		new:    `	from := p.span.From`,
		pkg:    "ingest", test: "TestLaw02ALongerAbsenceThanTheAPIRemembers",
	},
	{
		breaks: "the watermark passes a hole",
		file:   "sink/sql/commit_checkpoint.sql",
		old:    `        SELECT upper(span)`,
		new:    `        SELECT upper(range_merge(w.all_covered + w.all_retention + w.all_offset_cap + w.all_gone))`,
		pkg:    "sink", test: "TestLaw02CoverageAndWatermark",
	},
	{
		breaks: "an equal count settles a span whose oldest record is forgotten",
		file:   "ingest/settle.go",
		old:    `	return oldest != nil && stored.Oldest != nil && second(*oldest).Equal(second(*stored.Oldest)), nil`,
		new:    `	return oldest != nil, nil`,
		pkg:    "ingest", test: "TestLaw02ACountSaysNothingWhereTheOldestIsGone",
	},
	{
		breaks: "what a backfill proved of yesterday needs no later look",
		file:   "ingest/settle.go",
		old:    `		old := within(fresh, Span{To: second(now.Add(-stage))})`,
		new:    `		old := within(fresh, Span{To: second(now)})`,
		pkg:    "ingest", test: "TestSettleFindsWhatCameLateInItsFirstStage",
	},
	{
		breaks: "what hangs vouches for what has ended",
		file:   "ingest/forgotten.go",
		old:    `	if err != nil || page.Total == 0 || oldestProof(page) != nil {`,
		new:    `	if err != nil || page.Total >= 0 {`,
		pkg:    "ingest", test: "TestLaw02WhatHangsDoesNotVouchForWhatEnded",
	},
	{
		breaks: "the row at which a piece begins is no evidence",
		file:   "ingest/forgotten.go",
		old:    `	newest, err := p.w.newestBefore(ctx, p.span.From.Add(time.Second))`,
		new:    `	newest, err := p.w.newestBefore(ctx, p.span.From)`,
		pkg:    "ingest", test: "TestLaw02TheOneThatVouchesIsForgottenMeanwhile",
	},
	{
		breaks: "a count stands for new ground that was not read",
		file:   "ingest/recall.go",
		old:    `	if p.mixed || !p.sorted || p.lowest >= p.front.Unix() {`,
		new:    `	if p.mixed && p.lowest > p.front.Unix() {`,
		pkg:    "ingest", test: "TestLaw02ACountDoesNotStandForNewGround",
	},
	{
		breaks: "rows of one second are taken for rows in order",
		file:   "ingest/recall.go",
		old:    `p.mixed || !p.sorted ||`,
		new:    `p.mixed ||`,
		pkg:    "ingest", test: "TestLaw02APageOfOneSecondTellsNoOrder",
	},
	{
		breaks: "a first page with a stale row begins the past",
		file:   "ingest/contact.go",
		old:    `	if p.stale > 0 {`,
		new:    `	if p.stale < 0 {`,
		pkg:    "ingest", test: "TestLaw02AStaleFirstPollBeginsNoPast",
	},
	{
		breaks: "a first page with what an end may hide begins the past",
		file:   "ingest/contact.go",
		old:    `open && r.second <=`,
		new:    `open && r.second <= 0*`,
		pkg:    "ingest", test: "TestLaw02WhatIsHiddenDoesNotStandForWhatCameLate",
	},
	{
		breaks: "the pieces of a busy head are left to the next poll",
		file:   "ingest/pass.go",
		old:    `p.note(), !p.front.IsZero()`,
		new:    `p.note(), p.class == Tail`,
		pkg:    "ingest", test: "TestABusyHeadIsCoveredPieceByPiece",
	},
	{
		breaks: "a group is parked while a proof of it is being saved",
		file:   "ingest/gone.go",
		old:    `	if saving {`,
		new:    `	if saving && filling {`,
		pkg:    "ingest", test: "TestAProofOnItsWayDoesNotOutliveItsGroup",
	},
	{
		breaks: "what can still change is not read again behind the head",
		file:   "ingest/recall.go",
		old:    `unread && f.near(p.front) {`,
		new:    `unread && f == nil {`,
		pkg:    "ingest", test: "TestWhatIsBehindTheHeadIsSeen",
	},
	{
		breaks: "what is recalled is recalled for ever",
		file:   "ingest/recall.go",
		old:    ` || time.Since(r.whole) >= wholeAgain {`,
		new:    ` {`,
		pkg:    "ingest", test: "TestWhatIsBehindTheHeadIsSeen",
	},
	{
		breaks: "the first poll proves what is before the oldest that it showed",
		file:   "ingest/contact.go",
		old:    `	p.past = true`,
		new:    `	p.past = false`,
		pkg:    "ingest", test: "TestLaw02APastOfOnePageBeginsWithItsOldest",
	},
}

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
		old:    `		if !m.room.TryAcquire(one.size) {`,
		new:    `		if !m.room.TryAcquire(0) {`,
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
		old:    `	held, err := c.admit(ctx, call.class, hold)`,
		new: `	if call.query.Get("tried") != "" {
		c.cfg.Budget = nil
	}
	call.query.Set("tried", "yes")
	held, err := c.admit(ctx, call.class, hold)`,
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
	if w.group.Scaling {`,
		new: `	class = Follow
	if w.group.Scaling {`,
		pkg: "ingest", test: "TestLaw10AGroupAtRestIsNotFollowed",
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
}
