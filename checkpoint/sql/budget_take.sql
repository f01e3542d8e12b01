-- Locks the row first and only then reads the clock: whoever waited for the
-- lock must not count the time of the wait twice.
WITH held AS (
    SELECT tokens, refilled_at, paused_until FROM aslog.budget WHERE source = @source FOR UPDATE
), clock AS MATERIALIZED (
    SELECT held.*, greatest(refilled_at, clock_timestamp()) AS at FROM held
), filled AS (
    SELECT at, paused_until > at AS paused, paused_until,
           least(@cap::float8, tokens + extract(epoch FROM at - refilled_at) * @per_second::float8) AS tokens
    FROM clock
), granted AS (
    SELECT *, CASE WHEN paused THEN 0 ELSE least(@want::bigint, floor(tokens))::bigint END AS got FROM filled
)
UPDATE aslog.budget b
SET tokens = granted.tokens - granted.got, refilled_at = granted.at
FROM granted
WHERE b.source = @source
RETURNING granted.got,
          CASE WHEN granted.got > 0 THEN interval '0'
               WHEN granted.paused THEN granted.paused_until - granted.at
               ELSE make_interval(secs => greatest(0, 1 - granted.tokens) / @per_second::float8)
          END
