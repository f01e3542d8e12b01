/* Who may write a shard: checkpoint's Keeper against aslog.shard_head.
 *
 * Replicas claim one shard from each other. Each step below is one statement of
 * SQL, or what Go does between two; any process may sleep between any two steps
 * for as long as it likes, so every replica is a zombie at some time. Only
 * Postgres judges expiry: the heartbeat of anyone may run out at any moment.
 *
 *   beat     sql/beat.sql                 look    sql/look.sql (round.look)
 *   endthem  sql/end_backends.sql         claim   sql/claim.sql (tenure.take)
 *   settle   round.settle                 giveup  sql/give_up.sql
 *   lock     sink/sql/commit_lock.sql     write   the rest of the commit
 *
 * That a claimant first watches a heartbeat stand still for a whole TTL keeps
 * shards from moving when Postgres was away. It guards nothing, so it is not here:
 * what is shown holds without it.
 */
#ifndef REPLICAS
#define REPLICAS 3
#endif
#ifndef EPOCHS
#define EPOCHS 3            /* claims in all */
#endif
#ifndef LOST
#define LOST 1              /* answers to a claim that are lost */
#endif
#define NONE 9

byte owner = NONE, epoch;           /* aslog.shard_head */
bool fresh[REPLICAS];               /* aslog.replica: expires_at > clock_timestamp() */
byte row = NONE;                    /* whose transaction has the shard's row locked */
byte lost = LOST;

byte writer[EPOCHS + 1];            /* ghost: who wrote under an epoch, plus one; 0 nobody */
byte newest;                        /* ghost: the epoch of the last write */

proctype replica(byte me) {
    bool mine;                      /* this process believes that it holds the shard */
    byte under;                     /* … under this epoch */
    byte sawowner, sawepoch;
    do
    /* beat. A process that has died does not: it may stop here for ever. */
    :: d_step { !fresh[me] -> fresh[me] = true }

    /* look, and claim what is free. */
    :: d_step { !mine && epoch < EPOCHS && owner != me && (owner == NONE || !fresh[owner]) ->
           sawowner = owner; sawepoch = epoch }
       /* endthem: a backend of the former owner dies, and its transaction with it. */
       d_step {
           if
           :: sawowner != NONE && !fresh[sawowner] && row == sawowner -> row = NONE
           :: else
           fi
       }
       if
       :: atomic {                  /* claim waits for the row's lock */
              row == NONE;
              if
#ifdef MUTANT_CLAIM_WHAT_WAS_SEEN   /* without epoch and expiry in the statement itself */
              :: epoch < EPOCHS ->
#else
              :: epoch == sawepoch && owner == sawowner && (owner == NONE || !fresh[owner]) ->
#endif
                  /* Expiry decides who may take a shard. */
                  assert(owner == NONE || !fresh[owner]);
                  owner = me;
#ifndef MUTANT_SAME_EPOCH           /* a claim that does not raise the epoch */
                  epoch++;
#endif
                  if
                  :: mine = true; under = epoch
                  :: lost > 0 -> lost--     /* settle will find it */
                  fi
              :: else
              fi
          }
       :: row != NONE -> skip       /* lock_timeout: tried again at the next beat */
       fi

    /* settle: what is held is compared with the row. */
    :: d_step { mine && (owner != me || epoch != under) -> mine = false }
    :: d_step { !mine && owner == me -> mine = true; under = epoch }

    /* A commit: lock the row under owner and epoch, then write, all or nothing. */
    :: mine ->
       if
       :: atomic {
              row == NONE;
              if
#ifdef MUTANT_NO_EPOCH
              :: true -> row = me
#else
              :: owner == me && epoch == under -> row = me
              :: else -> mine = false                          /* ErrLost */
#endif
              fi
          }
          /* Here the process may be stopped for as long as it likes. */
          d_step {
              if
              :: row == me ->
                  row = NONE;
                  /* One owner writes under an epoch, and no epoch after a later one. */
                  assert(writer[under] == 0 || writer[under] == me + 1);
                  assert(under >= newest);
                  assert(owner == me && epoch == under);
                  writer[under] = me + 1; newest = under
              :: else              /* not locked, or the backend was ended */
              fi
          }
       :: row != NONE -> skip
       fi

    /* giveup */
    :: atomic { mine && row == NONE ->
           if
           :: owner == me && epoch == under -> owner = NONE
           :: else
           fi;
           mine = false }
    od
}

/* Time passes in Postgres, and nobody beats in time. */
active proctype expiry() {
    byte i;
    do
    :: d_step { select(i : 0 .. REPLICAS - 1); fresh[i] = false }
    od
}

init {
    byte i;
    atomic {
        for (i : 0 .. REPLICAS - 1) { run replica(i) }
    }
}
