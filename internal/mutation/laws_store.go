package main

// Mutations of the laws that the commit keeps.

var oneCommit = []mutation{
	{
		breaks: "journal and tables are committed before coverage, quarantine and head",
		file:   "sink/commit_tx.go",
		old: `	if err := c.writeRest(ctx, tx, a, p.rests); err != nil {
		return nil, err
	}
	if !keep {`,
		new: `	if err := tx.Commit(ctx); err != nil {
		return nil, err
	}
	if tx, err = c.pool.Begin(ctx); err != nil {
		return nil, err
	}
	defer tx.Rollback(ctx)
	if err := c.writeRest(ctx, tx, a, p.rests); err != nil {
		return nil, err
	}
	if !keep {`,
		pkg: "sink", test: "TestLaw01OneCommitIsAllOrNothing",
	},
	{
		breaks: "a commit whose answer was lost is taken for done",
		file:   "sink/commit_tx.go",
		old:    `	if unsure != nil && unsure.rows() > 0 && bytes.Equal(unsure.end.hash, start.hash) {`,
		new:    `	if unsure != nil {`,
		pkg:    "sink", test: "TestLaw01ACommitThatNobodyAnsweredForIsDoneOnce",
	},
	{
		breaks: "a commit whose answer was lost is done again, though it was done",
		file:   "sink/commit_tx.go",
		old:    `	if unsure != nil && unsure.rows() > 0 && bytes.Equal(unsure.end.hash, start.hash) {`,
		new:    `	if false {`,
		pkg:    "sink", test: "TestLaw01ACommitOutlivesItsConnection",
	},
	{
		breaks: "what is counted is counted again where the answer was lost",
		file:   "sink/commit_rest.go",
		old:    `	if !a.told {`,
		new:    `	if a != nil {`,
		pkg:    "sink", test: "TestLaw01ACommitThatNobodyAnsweredForIsDoneOnce",
	},
	{
		breaks: "a change is journaled though its action's row was not found",
		file:   "sink/commit_write.go",
		old:    `n != len(some) {`,
		new:    `n < 0 {`,
		pkg:    "sink", test: "TestLaw01AChangeWaitsForWhoeverWritesItsRow",
	},
	{
		breaks: "the head of the journal is left where it was",
		file:   "sink/sql/commit_head.sql",
		old:    `WHERE shard = @shard`,
		new:    `WHERE false AND shard = @shard`,
		pkg:    "sink", test: "TestLaw01OneCommitIsAllOrNothing",
	},
	{
		breaks: "a reader takes for stored what did not become durable",
		file:   "ingest/worker.go",
		old: `	w.unsaved = err != nil
	if err != nil {`,
		new: `	w.unsaved = err != nil
	if err != nil && err.Error() == "" {`,
		pkg: "ingest", test: "TestLaw08LiveThroughFaultsAndRestarts",
	},
}

var readingAgain = []mutation{
	{
		breaks: "the order of a list makes another record",
		file:   "ingest/action/hash.go",
		old:    `	slices.SortFunc(pieces, bytes.Compare)`,
		new:    `	slices.SortFunc(pieces[:1], bytes.Compare)`,
		pkg:    "ingest/action", test: "TestLaw03SameRecord",
	},
	{
		breaks: "null and [] make two records",
		file:   "ingest/action/hash.go",
		old: `			if m.empty() {
				continue
			}`,
		new: ``,
		pkg: "ingest/action", test: "TestLaw03SameRecord",
	},
	{
		breaks: "an answer that says what is stored is taken for another",
		file:   "sink/diff.go",
		old:    `	case bytes.Equal(s.hash, a.hash):`,
		new:    `	case false:`,
		pkg:    "sink", test: "TestLaw06ALateAnswerNeverUndoesALaterOne",
	},
	{
		breaks: "a release with another normal form takes every record for changed",
		file:   "sink/commit_rehash.go",
		old:    `s != nil && foreign(s.hash) {`,
		new:    `s != nil && foreign(nil) {`,
		pkg:    "sink", test: "TestLaw03AnotherNormalFormMakesNoRevision",
	},
	{
		breaks: "answers that come back to what is stored are a revision",
		file:   "sink/commit_plan.go",
		old:    `		if c.stored != nil && bytes.Equal(c.final.hash, c.former) {`,
		new:    `		if bytes.Equal(nil, c.former) && false {`,
		pkg:    "sink", test: "TestLaw03AnswersThatComeBackMakeNothing",
	},
	{
		breaks: "earlier payloads keep the hash of the former normal form",
		file:   "sink/commit_rehash.go",
		old:    `		s.earlier = append(s.earlier, hash)`,
		new:    `		_ = s`,
		pkg:    "sink", test: "TestLaw03AnotherNormalFormKnowsEarlierPayloads",
	},
	{
		breaks: "a bad record is touched each time that it is read",
		file:   "sink/sql/commit_quarantine.sql",
		old: `    resolved_at = NULL, asked_from = excluded.asked_from, asked_to = excluded.asked_to
WHERE old.resolved_at IS NOT NULL`,
		new: `    resolved_at = NULL, asked_from = excluded.asked_from, asked_to = excluded.asked_to, times = old.times + 1`,
		pkg: "sink", test: "TestLaw03QuarantineOnce",
	},
}

var staleOwner = []mutation{
	{
		breaks: "a commit asks for the owner, and not for the epoch",
		file:   "sink/sql/commit_lock.sql",
		old:    `WHERE shard = @shard AND owner = @owner AND epoch = @epoch`,
		new:    `WHERE shard = @shard AND owner = @owner AND @epoch::bigint > 0`,
		pkg:    "sink", test: "TestLaw04AStaleEpochWritesNothing",
	},
	{
		breaks: "a batch that was read under another epoch is committed",
		file:   "sink/commit_queue.go",
		old:    `	if b.Epoch != c.lease.Epoch {`,
		new:    `	if false {`,
		pkg:    "sink", test: "TestLaw04ABatchOfAnotherEpochIsDropped",
	},
	{
		breaks: "the relay's look at its lease ignores the epoch and the owner",
		file:   "sink/sql/relay_state.sql",
		old:    `WHERE h.shard = @shard AND h.owner = @owner AND h.epoch = @epoch`,
		new:    `WHERE h.shard = @shard AND @owner::text <> '' AND @epoch::bigint > 0`,
		pkg:    "sink", test: "TestLaw04RelayWokenAfterItsShardWasTaken",
	},
	{
		breaks: "a claim does not raise the epoch",
		file:   "checkpoint/sql/claim.sql",
		old:    `epoch = h.epoch + 1`,
		new:    `epoch = h.epoch`,
		pkg:    "checkpoint", test: "TestLaw04VisitTakesOnlyWhatNobodyLivesIn",
	},
	{
		breaks: "an expired heartbeat is not watched for a whole lease",
		file:   "checkpoint/round.go",
		old:    `			s.free = !h.alive && now.Sub(seen.since) >= r.TTL`,
		new:    `			s.free = !h.alive`,
		pkg:    "checkpoint", test: "TestLaw04AfterPostgresWasAwayOwnersKeepTheirShards",
	},
	{
		breaks: "the former owner's sessions live on",
		file:   "checkpoint/sql/end_backends.sql",
		old:    `pg_terminate_backend(pid)`,
		new:    `pid`,
		pkg:    "checkpoint", test: "TestLaw04StoppedReplicasBackendIsEnded",
	},
	{
		breaks: "workers go on after their shard was lost",
		file:   "ingest/loop.go",
		old:    `			return fmt.Errorf("group %s: %w", t.Group, err)`,
		new:    `			continue`,
		pkg:    "ingest", test: "TestLaw04ALostShardStopsTheFleet",
	},
}

var lateAnswer = []mutation{
	{
		breaks: "DOING takes the place of an end",
		file:   "sink/diff.go",
		old:    `	case a.doing && s.ended:`,
		new:    `	case false:`,
		pkg:    "sink", test: "TestLaw06",
	},
	{
		breaks: "an answer that was asked for before counts",
		file:   "sink/diff.go",
		old:    `	case a.before(s):`,
		new:    `	case false:`,
		pkg:    "sink", test: "TestLaw06",
	},
	{
		breaks: "clocks of two owners are compared",
		file:   "sink/diff.go",
		old: `	if a.epoch != s.epoch {
		return a.epoch < s.epoch
	}`,
		new: ``,
		pkg: "sink", test: "TestLaw06",
	},
	{
		breaks: "an earlier payload that is shown again is a revision at once",
		file:   "sink/diff.go",
		old:    `	case !s.had(a.hash):`,
		new:    `	case true:`,
		pkg:    "sink", test: "TestLaw06",
	},
	{
		breaks: "an earlier payload is never believed again",
		file:   "sink/diff.go",
		old:    `a.asked.Sub(s.staleSince) >= settle:`,
		new:    `settle < 0:`,
		pkg:    "sink", test: "TestLaw06",
	},
	{
		breaks: "what is seen in between does not end a return",
		file:   "sink/diff.go",
		old: `	case cleared:
		next.staleHash = nil`,
		new: `	case cleared:`,
		pkg: "sink", test: "TestLaw06AReturningPayloadMustBeShownForLong",
	},
	{
		breaks: "of two answers in one commit the one that came first counts",
		file:   "sink/commit_plan.go",
		old:    `return a.seen.Asked.Compare(b.seen.Asked)`,
		new:    `return b.seen.Asked.Compare(a.seen.Asked)`,
		pkg:    "sink", test: "TestLaw06TheLatestAnswerOfACommitCounts",
	},
}

var crashPath = []mutation{
	{
		breaks: "a backfill's place is kept in the process alone",
		file:   "ingest/errand.go",
		old:    `	if err := e.report(ctx, checkpoint.PartReport{Position: res.span.To}); err != nil {`,
		new:    `	if err := ctx.Err(); err != nil {`,
		pkg:    "ingest", test: "TestLaw08ABackfillGoesOnAfterDeath",
	},
	{
		breaks: "a new process does not know which actions have not ended",
		file:   "ingest/fleet.go",
		old:    `	for _, o := range g.Open {`,
		new:    `	for _, o := range g.Open[:0] {`,
		pkg:    "ingest", test: "TestLaw08LiveThroughFaultsAndRestarts",
	},
	{
		breaks: "a stop commits what still waits",
		file:   "sink/commit_queue.go",
		old: `		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		items, wait := c.ready()`,
		new: `		items, wait := c.ready()
		if ctx.Err() != nil {
			if len(items) > 0 {
				_, _ = c.transact(context.WithoutCancel(ctx), units(items), nil, true)
				finish(items, nil)
			}
			return nil, context.Cause(ctx)
		}`,
		pkg: "sink", test: "TestLaw08AStopFlushesNothing",
	},
	{
		breaks: "how far the topic is, is taken from Postgres's note and not read back",
		file:   "sink/relay_survey.go",
		old:    `		if found, err = newest(ctx, r.broker, topic, shard, max(known.offset, start), end); err != nil {`,
		new:    `		if found = (mark{known.seq, known.hash, known.offset}); err != nil {`,
		pkg:    "sink", test: "TestLaw05RelayAfterAnUnknownOutcome",
	},
}
