-- A pause only ever grows: of two replicas that were told to wait, the longer
-- wait holds for both.
INSERT INTO aslog.budget AS b (source, tokens, refilled_at, paused_until)
SELECT @source, 0, t, t + @pause::interval FROM clock_timestamp() AS t
ON CONFLICT (source) DO UPDATE
SET paused_until = greatest(b.paused_until, excluded.paused_until)
