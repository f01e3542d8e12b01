/* What a commit writes: sink.Committer over aslog.journal and its tables.
 *
 * A group has RECORDS actions in one span. Each owner of the shard reads them
 * page by page, commits each page at once, and says "covered" only when the pass
 * is done, in a commit of its own (ingest's tail: freshness never waits for proof).
 * Owners follow one another, and former ones go on as if nothing had happened.
 *
 *   lock    Committer.lock: sql/commit_lock.sql, sql/commit_stored.sql
 *   unsure  transact: a try whose answer was lost is found at the journal's end
 *   moved   transact: errMoved, where the journal is not where this epoch left it
 *   write   writeActions, writeRest, COMMIT; its answer may be lost either way
 *   claim   checkpoint/sql/end_backends.sql, claim.sql (lease.pml shows them whole)
 *   restore Postgres goes back: restored, or a standby promoted that lacks the end
 */
#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef LEASES
#define LEASES 2
#endif
#ifndef LOST
#define LOST 2
#endif
#ifndef RESTORES
#define RESTORES 1
#endif
#define SEQS 4

byte lease = 1;                     /* owner and epoch of aslog.shard_head, as one number */
byte head;                          /* head_seq; the rows follow */
byte record[SEQS], story[SEQS];     /* a row, and what makes its chain hash its own */
bool stored[RECORDS];               /* aslog.scaling_action */
bool covered;                       /* aslog.checkpoint */
byte since;                         /* the head when it was covered */
byte row;                           /* whose transaction has the shard's row; 0 nobody */
byte lost = LOST, restores = RESTORES;

inline hold_invariants() {
    /* Covered only with its rows. */
    assert(!covered || (stored[0] && stored[RECORDS - 1]));
    /* An action's one revision stands once in the journal. */
    i = 0;
    do
    :: i < head -> assert(i == 0 || record[i] != record[0]); i++
    :: else -> break
    od;
    i = 0
}

proctype tenure(byte me) {
    byte page;                      /* what is read next; RECORDS: the proof */
    byte i, start, startstory;
    byte at, atstory;               /* Committer.at: where this epoch's last commit ended */
    bool known;                     /* … if it made one */
    byte end, endstory;             /* the unsure attempt's end; 0 none */
    byte answer;
    bool news;
end_wait:
    (lease == me && !covered);      /* claimed, or found to be held; there is always more to read */
read:
    page = 0; known = false; end = 0;
    do
    :: page <= RECORDS ->
try:
        atomic {                    /* lock */
#ifndef MUTANT_NO_LOCK
            row == 0;
#endif
            if
#ifdef MUTANT_NO_EPOCH
            :: true ->
#else
            :: lease != me -> goto gone
            :: else ->
#endif
                row = me; start = head;
                startstory = (head > 0 -> story[head - 1] : 0);
                news = page < RECORDS && !stored[page % RECORDS]
            fi
        }
        if
        :: end > 0 && end == start && endstory == startstory ->       /* unsure: it did commit */
            d_step { if :: row == me -> row = 0 :: else fi }
            at = start; atstory = startstory; known = true; end = 0
        :: else ->
#ifndef MUTANT_NO_MOVED
            if
            :: known && (at != start || atstory != startstory) ->     /* moved: read afresh */
                d_step { if :: row == me -> row = 0 :: else fi }
                goto read
            :: else
            fi;
#endif
            atomic {                /* write and COMMIT */
                if
#ifdef MUTANT_NO_LOCK
                :: true ->
#else
                :: row != me -> goto try                               /* the backend was ended */
                :: else ->
#endif
                    answer = 1;
                    if
                    :: answer = 1
                    :: lost > 0 -> lost--; answer = 2                  /* it commits, nobody hears */
                    :: lost > 0 -> lost--; answer = 3                  /* it does not */
                    fi;
                    row = 0;
                    if
                    :: answer < 3 ->
                        /* A stale owner's commit does not land. */
                        assert(lease == me);
                        if
                        :: news ->
                            /* seq without a hole, and never given twice. */
                            assert(head == start);
                            record[start] = page; story[start] = RESTORES - restores + 1;
                            head = start + 1; stored[page] = true
                        :: else
                        fi;
                        if
                        :: page == RECORDS -> covered = true; since = head
                        :: else
                        fi;
                        hold_invariants()
                    :: else
                    fi;
                    if
                    :: answer == 1 ->
                        at = (news -> start + 1 : start); known = true; end = 0;
                        atstory = (news -> RESTORES - restores + 1 : startstory)
                    :: else ->
                        if
                        :: news -> end = start + 1; endstory = (answer == 2 -> RESTORES - restores + 1 : 9)
                        :: else
                        fi;
                        goto try
                    fi
                fi
            }
        fi;
        page++
    :: else -> break
    od;
gone:
    goto end_wait
}

/* Others take the shard, and Postgres goes back, at any moment. */
active proctype world() {
    byte i, back, claims = 1;
    do
    :: atomic { claims < LEASES && (row == 0 || row == lease) -> row = 0; claims++; lease = claims }
    :: atomic { restores > 0 && head > 0 ->
           restores--;
           select(back : 0 .. head - 1);
           for (i : 0 .. RECORDS - 1) { stored[i] = false }
           i = 0;
           do
           :: i < back -> stored[record[i]] = true; i++
           :: else -> break
           od;
           head = back; row = 0;
           if
           :: covered && since > back -> covered = false
           :: else
           fi;
           if
           :: lease > 1 -> lease--                                     /* the epoch goes back too */
           :: true
           fi }
    :: break
    od;
    /* Weak liveness: when nothing more goes wrong, all is stored and covered. */
    timeout -> assert(covered)
}

init {
    byte i;
    atomic {
        for (i : 1 .. LEASES) { run tenure(i) }
    }
}
