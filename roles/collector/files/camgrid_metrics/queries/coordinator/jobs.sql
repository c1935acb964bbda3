-- job_active: Whether a job of the database is switched on
-- job_failed: Whether its last run failed
-- job_last_end_timestamp_seconds: When its last run ended
SELECT
    j.job_name AS job,
    j.active AS job_active,
    coalesce(j.last_status = 'failed', FALSE) AS job_failed,
    extract(EPOCH FROM j.last_end) AS job_last_end_timestamp_seconds
FROM camgrid.job_health() AS j
