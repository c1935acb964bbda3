-- rebalance_running: Whether a rebalance is under way
-- rebalance_held: Whether it is paused, so that no move begins
-- rebalance_moves: Moves of the last rebalance
-- rebalance_moves_done: Those of them that are done
-- rebalance_bytes_done: Bytes that the moves under way have copied
SELECT
    coalesce(j.state IN ('scheduled', 'running', 'failing', 'cancelling'), FALSE) AS rebalance_running,
    coalesce(bool_and(t.not_before = 'infinity') FILTER (WHERE t.status IN ('runnable', 'blocked')), FALSE) AS rebalance_held,
    count(t.task_id) AS rebalance_moves,
    count(t.task_id) FILTER (WHERE t.status = 'done') AS rebalance_moves_done,
    (SELECT coalesce(sum(p.target_shard_size), 0)::bigint FROM get_rebalance_progress() AS p) AS rebalance_bytes_done
FROM (SELECT) AS one
LEFT JOIN (
    SELECT b.job_id, b.state::text FROM pg_dist_background_job AS b WHERE b.job_type = 'rebalance' ORDER BY b.job_id DESC LIMIT 1
) AS j ON TRUE
LEFT JOIN pg_dist_background_task AS t ON t.job_id = j.job_id
GROUP BY j.state
