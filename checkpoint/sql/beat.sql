-- This replica lives. clock_timestamp, not now: a beat may have waited.
INSERT INTO aslog.replica (incarnation, instance, started_at, beat_at, expires_at)
SELECT @incarnation, @instance, t, t, t + @ttl::interval
FROM clock_timestamp() AS t
ON CONFLICT (incarnation) DO UPDATE
SET beat_at = excluded.beat_at, expires_at = excluded.expires_at
