INSERT INTO aslog.budget (source, tokens, refilled_at)
VALUES (@source, @cap, clock_timestamp())
ON CONFLICT (source) DO NOTHING
