CREATE OR REPLACE FUNCTION camgrid.local_replicas()
RETURNS TABLE (
    replica_name text, slot_name text, state text, sync_state text,
    sent_lag_bytes bigint, flush_lag_bytes bigint, replay_lag_bytes bigint, lag_seconds double precision
)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- What is written but not flushed cannot have been sent.
    WITH here AS MATERIALIZED (
        SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_flush_lsn() END AS lsn
    ),
    -- No base backup, no logical copy of a shard that moves: those use slots of another kind, or none and no streaming.
    senders AS (
        SELECT r.*
        FROM pg_stat_replication AS r
        WHERE r.state <> 'backup' AND NOT EXISTS (
            SELECT FROM pg_replication_slots AS other
            WHERE other.active_pid = r.pid AND (other.slot_type <> 'physical' OR other.temporary)
        )
    ),
    slots AS (
        SELECT s.slot_name, s.active_pid FROM pg_replication_slots AS s WHERE s.slot_type = 'physical' AND NOT s.temporary
    )
    SELECT
        coalesce(r.application_name, s.slot_name),
        s.slot_name,
        r.state,
        r.sync_state,
        pg_wal_lsn_diff(greatest(here.lsn, r.sent_lsn), r.sent_lsn)::bigint,
        pg_wal_lsn_diff(greatest(here.lsn, r.flush_lsn), r.flush_lsn)::bigint,
        pg_wal_lsn_diff(greatest(here.lsn, r.replay_lsn), r.replay_lsn)::bigint,
        CASE
            WHEN r.pid IS NULL OR r.replay_lsn IS NULL THEN NULL
            WHEN r.replay_lsn >= here.lsn THEN 0
            -- A replica answers within wal_sender_timeout / 2 = 5 s even when idle: a longer silence belongs to its lag.
            ELSE extract(EPOCH FROM coalesce(r.replay_lag, interval '0') + CASE
                WHEN clock_timestamp() - r.reply_time > interval '6 seconds' THEN clock_timestamp() - r.reply_time
                ELSE interval '0'
            END)
        END
    FROM slots AS s
    FULL JOIN senders AS r ON r.pid = s.active_pid
    CROSS JOIN here
$$;

COMMENT ON FUNCTION camgrid.local_replicas() IS
'Replicas of this node: those that stream from it, and those whose slot waits for them (their state is null)';

REVOKE ALL ON FUNCTION camgrid.local_replicas() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.local_replicas() TO camgrid_monitor;
