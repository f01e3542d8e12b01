/* The topic mirrors the journal: sink.Relay between Postgres and Kafka.
 *
 * One shard, its owners one after the other, each with a committer that numbers
 * rows and a relay that publishes them. Former owners sleep anywhere and wake.
 * A row is (seq, story): its story changes when Postgres goes back and the same
 * seq is given again, so equal stories at a seq are equal chain hashes there.
 *
 *   number   sink.Committer: lock, number, COMMIT; the answer may be lost
 *   recover  Relay.ready: relay_state.sql, InitProducerID, relay_state.sql again,
 *            Relay.survey (bounds, read back to the last stable offset),
 *            Relay.compare (relay_row.sql), relay_advance.sql
 *   publish  Relay.publish: relay_state.sql, relay_rows.sql, Relay.gapless,
 *            produce, EndTxn, relay_advance.sql
 *   broker   the coordinator writes the markers later, or lets a transaction expire
 *
 * Any request to Kafka may be lost, or its answer be, LOST times in all.
 */
#ifndef LEASES
#define LEASES 2
#endif
#ifndef ROWS
#define ROWS 2              /* rows that are numbered in all */
#endif
#ifndef LOST
#define LOST 1
#endif
#ifndef RESTORES
#define RESTORES 1
#endif
#define LOG 6               /* records that the partition has room for */

byte lease = 1;             /* aslog.shard_head: owner and epoch; head_seq and the journal */
byte head;
byte story[ROWS + 1], before[ROWS + 1];     /* of row n, and of the row it was chained to */
byte known;                 /* aslog.shard_published: published_seq, … */
bool stopped;               /* … and stopped */

mtype = { OPEN, COMMITTED, ABORTED };
mtype = { NONE, ONGOING, PREPARED };        /* the transactional id at its coordinator */
mtype txn = NONE;
byte producer;                              /* its epoch */
byte end;                                   /* the partition */
byte logseq[LOG], logstory[LOG], logbefore[LOG];
mtype logis[LOG];

byte rows = ROWS, lost = LOST, restores = RESTORES, expiries = 1;
bool forked[LEASES + 1];    /* Relay.forked, which keeps its committer still */
bool afresh[LEASES + 1];    /* the shard is held anew */
byte top, tale;             /* ghost: the newest record that is committed */

inline mark(as) {
    for (i : 0 .. LOG - 1) {
        if
        :: i < end && logis[i] == OPEN -> logis[i] = as
        :: else
        fi
    }
    i = 0
}

/* A read_committed consumer sees each seq once, in order, and one story: each
   record is chained to the one before it. While Postgres keeps what it said,
   each is the journal's own row. */
inline consume() {
    top = 0; tale = 0;
    for (i : 0 .. LOG - 1) {
        if
        :: i < end && logis[i] == COMMITTED ->
            assert(logseq[i] == top + 1);
            assert(logbefore[i] == tale);
            top++; tale = logstory[i];
            assert(restores < RESTORES || top <= head && tale == story[top])
        :: else
        fi
    }
    i = 0
}

proctype committer(byte me) {
    byte at, atstory, unsure, unsurestory;
    bool knows;
end_committer:
    do
    :: atomic { lease == me && rows > 0 && !forked[me] && !stopped && !afresh[me] ->
           if
           :: unsure > 0 && unsure == head && unsurestory == story[head] ->
               at = head; atstory = story[head]; knows = true; unsure = 0
           :: else ->
               if
               :: knows && (at != head || atstory != story[head]) ->    /* errMoved */
                   knows = false; unsure = 0; afresh[me] = true
               :: else ->
                   rows--;
                   before[head + 1] = story[head];
                   head++;
                   story[head] = RESTORES - restores + 1;
                   if
                   :: at = head; atstory = story[head]; knows = true; unsure = 0
                   :: lost > 0 -> lost--; unsure = head; unsurestory = story[head]
                   fi
               fi
           fi }
    od
}

/* A request to Kafka: it never comes, it is done and the answer lost, or all is well. */
#define MAY_GET_LOST(then)  if :: lost > 0 -> lost--; goto then :: true fi

proctype relay(byte me) {
    byte at, atstory, mine, i, found, foundstory, sthead, ststory, n, nstory, nbefore;
end_recover:
    atomic { lease == me; afresh[me] = false }
    atomic {                        /* InitProducerID ends what is open, and fences */
#ifndef MUTANT_NO_INIT
        txn != PREPARED;
        MAY_GET_LOST(end_recover);
        producer++;
        if
        :: txn == ONGOING -> mark(ABORTED); txn = NONE
        :: else
        fi;
        mine = producer;
        MAY_GET_LOST(end_recover)
#else
        mine = producer
#endif
    }
    atomic {                        /* the lease, and the head */
        if
        :: lease != me -> goto end_recover
        :: else -> sthead = head; ststory = story[head]
        fi
    }
    atomic {                        /* survey, up to the last stable offset */
        found = 0; foundstory = 0; i = 0;
        do
        :: i < end && logis[i] != OPEN ->
            if
            :: logis[i] == COMMITTED -> found = logseq[i]; foundstory = logstory[i]
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0;
#ifdef MUTANT_BY_TIME               /* what Postgres noted is taken on trust */
        found = known; foundstory = story[known]
#endif
    }
#ifndef MUTANT_NO_COMPARE
    atomic {                        /* compare with the journal's own row */
        if
        :: found > sthead || found < known -> goto fork
        :: found <= sthead && found <= head && story[found] != foundstory -> goto fork
        :: found <= sthead && found > head && (found != sthead || ststory != foundstory) -> goto fork
        :: else
        fi
    }
#endif
    atomic {                        /* advance */
        if
        :: lease == me && found >= known -> known = found; stopped = false
        :: else
        fi;
        at = found; atstory = foundstory; forked[me] = false
    }
end_publish:
    atomic {                        /* the lease before each transaction; is there news? */
        if
        :: lease != me || afresh[me] || head < at -> goto end_recover
        :: lease == me && head > at
#ifndef MUTANT_NO_LINK
        :: lease == me && head == at && story[head] != atstory -> goto end_recover
#endif
        fi
    }
    atomic {                        /* relay_rows.sql, gapless */
        n = at + 1;
        if
        :: n > head -> goto end_recover
        :: else -> nstory = story[n]; nbefore = before[n]
        fi;
#ifndef MUTANT_NO_LINK
        if
        :: nbefore != atstory -> goto end_recover
        :: else
        fi
#endif
    }
    atomic {                        /* AddPartitions, Produce */
        txn != PREPARED || mine != producer;
        if
        :: mine != producer -> goto end_recover                       /* fenced */
        :: else
        fi;
        MAY_GET_LOST(end_recover);
        /* Once a fork is noted, no row of the other story is sent. */
        assert(!stopped || nstory <= 1 || top <= head && tale == story[top]);
        txn = ONGOING;
        logseq[end] = n; logstory[end] = nstory; logbefore[end] = nbefore; logis[end] = OPEN;
        end++;
        MAY_GET_LOST(end_recover)
    }
    atomic {                        /* EndTxn */
        if
        :: mine != producer || txn != ONGOING -> goto end_recover
        :: else
        fi;
        MAY_GET_LOST(unknown);
        txn = PREPARED;
        MAY_GET_LOST(unknown)
    }
    atomic {
        at = n; atstory = nstory;
        if
        :: lease == me && at >= known -> known = at
        :: else
        fi;
        goto end_publish
    }
unknown:
#ifdef MUTANT_ABORT_AND_GO_ON       /* abort, and publish the same rows again */
    atomic { txn != PREPARED; producer++; mine = producer;
        if
        :: txn == ONGOING -> mark(ABORTED); txn = NONE
        :: else
        fi;
        goto end_publish }
#else
    goto end_recover;
#endif
fork:
    atomic {                        /* settle */
        if
        :: lease != me -> goto end_recover
        :: else -> stopped = true; forked[me] = true; mine = 0
        fi
    }
end_held:                           /* looked at again, now and then: is it gone? */
    atomic { lease == me && top <= head && (top == 0 || story[top] == tale) -> goto end_recover }
}

active proctype broker() {
    byte i;
end_broker:
    do
    :: atomic { txn == PREPARED -> mark(COMMITTED); txn = NONE; consume() }
    :: atomic { txn == ONGOING && expiries > 0 -> expiries--; mark(ABORTED); txn = NONE; producer++ }
    od
}

active proctype world() {
    byte i, back, claims = 1;
    do
    :: atomic { claims < LEASES -> claims++; lease = claims }          /* an owner is never the same again */
    :: atomic { restores > 0 && head > 0 ->
           restores--;
           select(back : 0 .. head - 1);
           for (i : 1 .. ROWS) {
               if
               :: i > back -> story[i] = 0; before[i] = 0
               :: else
               fi
           }
           head = back; known = (known > back -> back : known); stopped = false;
           if
           :: lease > 1 -> lease--                                     /* the epoch goes back too */
           :: true
           fi }
    :: break
    od;
    /* Weak liveness: when nothing more goes wrong, all that is in the journal is
       published, or the shard says that it stands still, and rightly so. Postgres
       may also go back to a sleeping owner's own days: it finds nothing amiss before
       there is a row to publish. */
    timeout ->
    assert(stopped || rows == 0 && (top == head && tale == story[head] || top > head && story[head] <= 1));
    assert(!stopped || top > head || tale != story[top])
}

init {
    byte i;
    atomic {
        for (i : 1 .. LEASES) { run relay(i); run committer(i) }
    }
}
