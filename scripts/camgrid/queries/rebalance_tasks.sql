-- The tasks of a job of Citus's, each with what its session tells of its progress. pg_dist_background_task has the
-- command only: SELECT pg_catalog.citus_move_shard_placement(shard, source node id, target node id, mode).
WITH progress AS MATERIALIZED (
    SELECT
        sessionid,
        min(status) AS phase,
        sum(source_shard_size)::bigint AS source_bytes,
        sum(target_shard_size)::bigint AS target_bytes,
        (max(source_lsn) - min(target_lsn))::bigint AS behind_bytes,
        min(target_lsn)::text AS target_lsn
    FROM get_rebalance_progress()
    GROUP BY sessionid
)

SELECT
    t.task_id AS task,
    t.status::text AS status,
    t.pid,
    coalesce(t.retry_count, 0) AS retries,
    t.message,
    t.command,
    t.not_before = 'infinity' AS held,
    CASE WHEN t.not_before > now() AND t.not_before < 'infinity' THEN t.not_before END AS next_try,
    moved.words[1]::bigint AS shard,
    source.groupid AS source,
    target.groupid AS target,
    p.phase,
    p.source_bytes,
    p.target_bytes,
    p.behind_bytes,
    p.target_lsn
FROM pg_dist_background_task AS t
LEFT JOIN LATERAL regexp_match(
    t.command, 'citus_move_shard_placement\((\d+),\s*(\d+),\s*(\d+)'
) AS moved (words) ON TRUE
LEFT JOIN pg_dist_node AS source ON source.nodeid = moved.words[2]::integer
LEFT JOIN pg_dist_node AS target ON target.nodeid = moved.words[3]::integer
LEFT JOIN progress AS p ON p.sessionid = t.pid
WHERE t.job_id = %(job)s
ORDER BY t.task_id
