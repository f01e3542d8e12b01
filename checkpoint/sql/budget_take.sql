-- Locks the row first and only then reads the clock: whoever waited for the
-- lock must not count the time of the wait twice. Where the clock has gone back
-- the bucket goes on filling from there, and a pause lasts as long as was meant:
-- else a source would stand still until the clock is again where it once was.
WITH held AS (
    SELECT tokens, refilled_at, paused_until FROM aslog.budget WHERE source = @source FOR UPDATE
), clock AS MATERIALIZED (
    SELECT held.*, clock_timestamp() AS at FROM held
), filled AS (
    SELECT at, paused_until - greatest(interval '0', refilled_at - at) AS paused_until,
           least(@cap::float8, tokens + greatest(0, extract(epoch FROM at - refilled_at)) * @per_second::float8) AS tokens
    FROM clock
), granted AS (
    SELECT *, coalesce(paused_until > at, false) AS paused FROM filled
), given AS (
    SELECT *, CASE WHEN paused THEN 0 ELSE least(@want::bigint, floor(tokens))::bigint END AS got FROM granted
)
UPDATE aslog.budget b
SET tokens = given.tokens - given.got, refilled_at = given.at, paused_until = given.paused_until
FROM given
WHERE b.source = @source
RETURNING given.got,
          CASE WHEN given.got > 0 THEN interval '0'
               WHEN given.paused THEN given.paused_until - given.at
               ELSE make_interval(secs => greatest(0, 1 - given.tokens) / @per_second::float8)
          END
