package main

// Mutations of what goes out: the fifth law, and the contract on the topics'
// and the records' form.

var mirror = []mutation{
	{
		breaks: "the relay goes on with a producer whose outcome is unknown",
		file:   "sink/relay_publish.go",
		old:    `	r.producer = nil // until the outcome is known`,
		new:    ``,
		pkg:    "sink", test: "TestLaw05RelayAfterAnUnknownOutcome",
	},
	{
		breaks: "aborted records count as published",
		file:   "sink/broker/readback.go",
		old:    `			if keep && r.Offset >= from && r.Offset < to {`,
		new:    `			if (keep || !keep) && r.Offset >= from && r.Offset < to {`,
		pkg:    "sink/broker", test: "TestLaw05ReadBackLeavesOutWhatWasAborted",
	},
	{
		breaks: "the two chains are not compared",
		file:   "sink/relay_survey.go",
		old:    `	if !bytes.Equal(hash, found.hash) {`,
		new:    `	if bytes.Equal(hash, nil) {`,
		pkg:    "sink", test: "TestLaw05RelayStopsAtAFork",
	},
	{
		breaks: "a topic that is ahead of the journal is no fork",
		file:   "sink/relay_survey.go",
		old:    `	if found.seq > st.headSeq {`,
		new:    `	if false {`,
		pkg:    "sink", test: "TestLaw05RelayStopsAtAFork",
	},
	{
		breaks: "a topic that was made anew is filled from where the old one ended",
		file:   "sink/relay_survey.go",
		old:    `		case known.offset >= end:`,
		new:    `		case false:`,
		pkg:    "sink", test: "TestLaw05RelayStopsAtAFork",
	},
	{
		breaks: "rows are published past a hole",
		file:   "sink/relay_publish.go",
		old:    `		if row.Seq != r.at.seq+1+int64(i) {`,
		new:    `		if row.Seq <= r.at.seq {`,
		pkg:    "sink", test: "TestLaw05RelayStopsBeforeAHole",
	},
	{
		breaks: "rows are published that do not carry the chain on",
		file:   "sink/relay_chain.go",
		old:    `		if !at.precedes(row) {`,
		new:    `		if false {`,
		pkg:    "sink", test: "TestLaw05RelayPublishesNothingThatTheChainDoesNotHold",
	},
	{
		breaks: "what is remembered of a commit is published, whatever the journal says",
		file:   "sink/relay_store.go",
		old:    `bytes.Equal(list[same].hash, hashes[same])`,
		new:    `bytes.Equal(nil, nil)`,
		pkg:    "sink", test: "TestLaw05RelayPublishesWhatTheJournalSaysAndNotWhatItRemembers",
	},
	{
		breaks: "a journal that went back under its owner is gone on with",
		file:   "sink/commit_tx.go",
		old:    `	if c.at != nil && (c.at.seq != start.seq || !bytes.Equal(c.at.hash, start.hash)) {`,
		new:    `	if false {`,
		pkg:    "sink", test: "TestLaw05AJournalThatMovedUnderItsOwnerIsNotGoneOnWith",
	},
	{
		breaks: "rows are numbered while journal and topic disagree",
		file:   "sink/commit.go",
		old:    `		err := c.before(ctx)`,
		new:    `		err := ctx.Err()`,
		pkg:    "sink", test: "TestLaw05AStoppedShardCommitsNothing",
	},
	{
		breaks: "the chain leaves a column out",
		file:   "sink/chain.go",
		old:    `	b = putText(b, r.Change)`,
		new:    ``,
		pkg:    "sink", test: "TestAuditPage",
	},
}

var topic = []mutation{
	{
		breaks: "records of a group are spread by their action",
		file:   "sink/record.go",
		old:    `	r.Key = r.Key[:m.group:m.group]`,
		new:    `	r.Key = r.Key[m.group+1:]`,
		pkg:    "sink", test: "TestLaw05RelayMirrorsTheJournal",
	},
	{
		breaks: "a group is placed elsewhere than Java's client would",
		file:   "checkpoint/shardof.go",
		old:    `&0x7fffffff`,
		new:    `&0x3fffffff`,
		pkg:    "checkpoint", test: "TestShardOfIsWhereTheJavaClientPlacesIt",
	},
	{
		breaks: "no message carries its seq",
		file:   "sink/record.go",
		old:    `	b = broker.AppendHeader(b, seqHeader, strconv.FormatInt(r.Seq, 10))`,
		new:    `	b = broker.AppendHeader(b, "seq", strconv.FormatInt(r.Seq, 10))`,
		pkg:    "sink", test: "TestLaw05RelayMirrorsTheJournal",
	},
	{
		breaks: "absent lists are null",
		file:   "sink/value.go",
		old:    `	if !left {`,
		new:    `	if !left || len(list) == 0 {`,
		pkg:    "sink", test: "TestLaw05ValueIsThisText",
	},
	{
		breaks: "what is too large loses its lists before its raw text",
		file:   "sink/value.go",
		old: `	noRaw
	noLists`,
		new: `	noLists
	noRaw`,
		pkg: "sink", test: "TestValueLeavesOutRawThenListsThenDescription",
	},
	{
		breaks: "a record that is too large for the topic blocks its shard",
		file:   "sink/record.go",
		old:    `	w.value = appendFitting(w.value[:0], r, a, limit-m.needs)`,
		new:    `	w.value = appendFitting(w.value[:0], r, a, 1<<30)`,
		pkg:    "sink", test: "TestRelayCutsWhatIsTooLarge",
	},
}

var form = []mutation{
	{
		breaks: "MANNUAL stays as it is misspelt",
		file:   "ingest/action/parse.go",
		old:    `strings.HasPrefix(*a.Type, "MANNUAL_")`,
		new:    `strings.HasPrefix(*a.Type, "MANNUEL_")`,
		pkg:    "ingest/action", test: "TestGoldens|TestLaw03SameRecord",
	},
	{
		breaks: "DING is no DOING",
		file:   "ingest/action/parse.go",
		old:    `*a.Status == "DING"`,
		new:    `*a.Status == "DANG"`,
		pkg:    "ingest/action", test: "TestGoldens|TestLaw03SameRecord",
	},
	{
		breaks: "NUL reaches Postgres",
		file:   "ingest/action/scalar.go",
		old:    `strings.ReplaceAll(text, "\x00", "\ufffd")`,
		new:    `text`,
		pkg:    "ingest/action", test: "TestGoldens",
	},
	{
		breaks: "of a list joined by commas one name is taken",
		file:   "ingest/action/lists.go",
		old:    `strings.SplitSeq(joined, ",")`,
		new:    `strings.SplitSeq(joined, ";")`,
		pkg:    "ingest/action", test: "TestGoldens|TestLaw03SameRecord",
	},
	{
		breaks: "an unknown field makes no difference",
		file:   "ingest/action/hash.go",
		old:    `			dst = canonical(text(dst, m.name), &m.node)`,
		new: `			if m.name != "x" {
				dst = canonical(text(dst, m.name), &m.node)
			}`,
		pkg: "ingest/action", test: "TestLaw03OtherRecord",
	},
	{
		breaks: "a field that cannot be read leaves no trace",
		file:   "ingest/action/parse.go",
		old:    `		a.Faults = append(a.Faults, Fault{Field: field, Problem: err.Error()})`,
		new:    ``,
		pkg:    "ingest/action", test: "TestGoldens",
	},
	{
		breaks: "a record without an id is taken",
		file:   "ingest/action/parse.go",
		old:    `	if a.ID == "" {`,
		new:    `	if a.ID == "\x00" {`,
		pkg:    "ingest/action", test: "TestRefused",
	},
}
