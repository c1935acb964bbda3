-- background_tasks_failing: Tasks of Citus's that failed, and are tried again or were given up, in jobs of the last day
SELECT count(*) AS background_tasks_failing
FROM pg_dist_background_task AS t
JOIN pg_dist_background_job AS j USING (job_id)
WHERE
    (t.status::text = 'error' AND coalesce(j.finished_at, now()) > now() - INTERVAL '1 day')
    OR (t.retry_count > 0 AND t.status::text IN ('runnable', 'running', 'blocked'))
