-- As the superuser, because pg_cron shows a role only its own jobs.
CREATE OR REPLACE FUNCTION camgrid.job_health()
RETURNS TABLE (job_name text, schedule text, active boolean, last_status text, last_end timestamptz, last_message text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT j.jobname, j.schedule, j.active, last_run.status, last_run.end_time, last_run.return_message
    FROM cron.job AS j
    LEFT JOIN LATERAL (
        SELECT r.status, r.end_time, r.return_message
        FROM cron.job_run_details AS r
        WHERE r.jobid = j.jobid AND r.status IN ('succeeded', 'failed')
        ORDER BY r.runid DESC LIMIT 1
    ) AS last_run ON TRUE
    WHERE j.jobname LIKE 'camgrid-%'
$$;

COMMENT ON FUNCTION camgrid.job_health() IS
'camgrid''s jobs inside the database and how each ended last; null before its first run';

REVOKE ALL ON FUNCTION camgrid.job_health() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.job_health() TO camgrid_monitor;
