-- Slots that hold WAL back on this node: bytes that it keeps for each, and how much more may be written before the
-- slot is given up.
SELECT
    s.slot_name AS slot,
    s.slot_type AS kind,
    s.active,
    s.wal_status,
    greatest(pg_wal_lsn_diff(here.lsn, s.restart_lsn), 0)::bigint AS retained_bytes,
    s.safe_wal_size
FROM pg_replication_slots AS s
CROSS JOIN (
    SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS lsn
) AS here
WHERE s.restart_lsn IS NOT NULL OR s.wal_status = 'lost'
ORDER BY s.slot_name
