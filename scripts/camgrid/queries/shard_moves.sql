-- Whatever moves or splits shards now: rebalances in the background, and sessions that hold Citus's lock on the
-- placements of the colocation group (its class of advisory locks is 13). A split shows nowhere else.
SELECT format('background job %s (%s) is %s', job_id, job_type, state) AS what
FROM pg_dist_background_job
WHERE state IN ('scheduled', 'running', 'cancelling', 'failing')
UNION ALL
SELECT DISTINCT format('process %s of the coordinator splits or moves shards', pid)
FROM pg_locks
WHERE
    locktype = 'advisory'
    AND objsubid = 13
    AND granted
    AND mode IN ('RowExclusiveLock', 'ExclusiveLock')
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
