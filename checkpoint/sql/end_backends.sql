-- Ends what is left of a replica whose heartbeat has expired: a stopped process
-- in the middle of COPY holds its row locks whatever the timeouts say. The name
-- is that of one run of one process, so nobody else's backend is ever hit.
SELECT count(pg_terminate_backend(pid))
FROM pg_stat_activity
WHERE application_name = @application
  AND datname = current_database()
  AND pid <> pg_backend_pid()
  AND NOT EXISTS (SELECT FROM aslog.replica r
                  WHERE r.incarnation = @owner AND r.expires_at > clock_timestamp())
