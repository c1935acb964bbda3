-- rollup_pending: Changes that are not in the rollups yet
-- rollup_oldest_pending_timestamp_seconds: Since when the oldest of them waits
-- rollup_refreshed_timestamp_seconds: When the rollups were brought up to date last
SELECT
    h.pending AS rollup_pending,
    extract(EPOCH FROM h.oldest_pending) AS rollup_oldest_pending_timestamp_seconds,
    extract(EPOCH FROM h.refreshed_at) AS rollup_refreshed_timestamp_seconds
FROM camgrid.rollup_health() AS h
