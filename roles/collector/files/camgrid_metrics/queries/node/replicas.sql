-- replica_streaming: Whether a replica streams from the node
-- replica_synchronous: Whether commits wait for it
-- replica_lag_bytes: WAL that it has not replayed yet
-- replica_lag_seconds: How long ago the last commit was made that it has replayed; 0 when it has them all
SELECT
    r.replica_name AS replica,
    coalesce(r.state = 'streaming', FALSE) AS replica_streaming,
    coalesce(r.sync_state IN ('sync', 'quorum'), FALSE) AS replica_synchronous,
    r.replay_lag_bytes AS replica_lag_bytes,
    r.lag_seconds AS replica_lag_seconds
FROM camgrid.local_replicas() AS r
-- A replica keeps slots for the others too, which are none of its own.
WHERE r.state IS NOT NULL OR NOT pg_is_in_recovery()
