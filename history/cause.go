package history

import "fmt"

// A Cause is a kind of thing that can be wrong. The words for what to do about
// each stand in one place, for /readyz, the page and `aslogd status` alike.
type Cause string

// The causes.
const (
	PostgresAway  Cause = "postgres_away"
	SchemaMissing Cause = "schema_missing"
	SchemaOlder   Cause = "schema_older"
	SchemaNewer   Cause = "schema_newer"
	NoHeartbeat   Cause = "no_heartbeat"
	Starting      Cause = "starting"
	Stopping      Cause = "stopping"

	KafkaAway     Cause = "kafka_away"
	TopicsMissing Cause = "topics_missing"
	TopicsMisfit  Cause = "topics_misfit"
	TopicAhead    Cause = "topic_ahead"
	StoriesDiffer Cause = "stories_differ"
	TopicAnew     Cause = "topic_anew"
	OtherCluster  Cause = "other_cluster"
	Damaged       Cause = "journal_damaged"
	Moved         Cause = "journal_moved"
	Recovering    Cause = "recovering"
	Irrecoverable Cause = "not_recoverable"
	Forked        Cause = "forked"
	Unpublished   Cause = "unpublished"

	SignInRefused Cause = "sign_in_refused"
	RightMissing  Cause = "right_missing"
	Throttled     Cause = "throttled"
	SourceOff     Cause = "source_off"
	APIAway       Cause = "api_away"
	APIFails      Cause = "api_fails"
	APIRefuses    Cause = "api_refuses"
	RoundsFail    Cause = "rounds_fail"

	Nobody       Cause = "nobody_holds"
	Lagging      Cause = "lagging"
	Backfilling  Cause = "backfilling"
	GapsStand    Cause = "gaps_stand"
	Unnamed      Cause = "unnamed"
	Quarantining Cause = "quarantining"
)

// next says what to do. Where nothing has to be done it says that.
var next = map[Cause]string{
	PostgresAway:  "check that Postgres runs and that ASLOGD_DATABASE_URL reaches it from here; the daemon goes on by itself",
	SchemaMissing: "run `aslogd migrate` as the schema's owner; the daemon goes on by itself",
	SchemaOlder:   "run this release's `aslogd migrate` as the schema's owner; the daemon goes on by itself",
	SchemaNewer:   "upgrade aslogd here: a newer release has migrated this database",
	NoHeartbeat:   "check Postgres (is it up, full, out of connections?); other replicas may take the shards meanwhile, and nothing is lost",
	Starting:      "nothing: it takes a moment",
	Stopping:      "nothing: another replica takes the shards",

	KafkaAway:     "check that the brokers run and that ASLOGD_KAFKA_BROKERS and its credentials are right (`aslogd config --check`); the journal keeps everything until then",
	TopicsMissing: "run `aslogd migrate`, or have an administrator create what it prints; the journal keeps everything until then",
	TopicsMisfit:  "take a new ASLOGD_KAFKA_TOPIC_PREFIX (docs/operations.md, A new prefix); reading and storing go on",
	TopicAhead:    "stop the daemons, run `aslogd recover --from-topic`, start them (docs/operations.md, Postgres went back); the other shards go on",
	StoriesDiffer: "find out whose rows the topic holds (docs/operations.md, Two databases on one prefix), and take a new ASLOGD_KAFKA_TOPIC_PREFIX; the other shards go on",
	TopicAnew:     "take a new ASLOGD_KAFKA_TOPIC_PREFIX (docs/operations.md, A new prefix); the other shards go on",
	OtherCluster:  "point ASLOGD_KAFKA_BROKERS back at the former cluster, or take a new ASLOGD_KAFKA_TOPIC_PREFIX (docs/operations.md, A new prefix)",
	Damaged:       "restore the journal from a backup or the archive (docs/operations.md, A damaged journal); the other shards go on",
	Moved:         "nothing, if Kafka answers: journal and topic are compared then; the other shards go on",
	Recovering:    "let `aslogd recover --from-topic` come to its end; if it was ended, run it again",
	Irrecoverable: "restore a newer backup of Postgres, or take a new ASLOGD_KAFKA_TOPIC_PREFIX (docs/operations.md, Postgres went back)",
	Forked:        "follow docs/operations.md, When stores disagree; the other shards go on",
	Unpublished:   "look at the daemon's /readyz and log for what Kafka says; the journal keeps everything",

	SignInRefused: "check the source's DOMAIN, USERNAME and PASSWORD, or its keys, and that the user is not locked; a …_FILE is read again by itself",
	RightMissing:  "grant the user AutoScaling ReadOnlyAccess in this project; `aslogd config --check` names what is missing",
	Throttled:     "nothing, if it is rare: the source goes on by itself. If it lasts, lower its REQUESTS_PER_MINUTE: others use the tenant's budget too",
	SourceOff:     "set its REQUESTS_PER_MINUTE above 0 to have it read again",
	APIAway:       "check the source's AS_URL, its name in DNS, and the way there; reading goes on by itself",
	APIFails:      "nothing, if it passes: the service itself fails, and reading goes on by itself; the cloud's status page may say more",
	APIRefuses:    "check the source's AS_URL and PROJECT_ID with `aslogd config --check`",
	RoundsFail:    "nothing, if it passes: each is tried again. If it lasts, the log names the groups",

	Nobody:       "start `aslogd run`, or see at the /readyz of the one that runs why it does not take them",
	Lagging:      "look at the daemon's /readyz and log; where only the budget is short, raise the source's REQUESTS_PER_MINUTE",
	Backfilling:  "nothing: a backfill is on its way to them",
	GapsStand:    "have the spans read again with `aslogd backfill --from … --group …`; GET /groups/ID lists them",
	Unnamed:      "nothing, if that is meant: what is stored stays. Named again, they go on where they were",
	Quarantining: "look at aslog.quarantine for reasons and raw text; after an upgrade `aslogd reconcile --repair` tries them again",
}

// A Trouble is one thing that is not as it should be.
type Trouble struct {
	Cause Cause  `json:"cause"`
	Where string `json:"where,omitempty"` // shard 3, source otc; empty: all of it
	What  string `json:"what"`
	Next  string `json:"next"`
}

// NewTrouble says what is wrong where, and finds the words for what to do.
func NewTrouble(cause Cause, where, what string) Trouble {
	return Trouble{Cause: cause, Where: where, What: what, Next: next[cause]}
}

// String is what is wrong, and on a line of its own what to do.
func (t Trouble) String() string {
	what := t.What
	if t.Where != "" {
		what = t.Where + ": " + what
	}
	return fmt.Sprintf("%s\n  → %s", what, t.Next)
}
