-- The first of several rows with one key is stored, whatever order the shards take them in. What is returned counts:
-- Citus reports the rows that it was offered as inserted, conflicts included. Archived months know no ON CONFLICT.
INSERT INTO camgrid.counting_results (
    camera_id, zone_id, "timestamp", count_in, count_out, total_count, confidence, frame_data
)
SELECT DISTINCT ON (camera_id, zone_id, "timestamp")
    camera_id,
    zone_id,
    "timestamp",
    count_in,
    count_out,
    total_count,
    confidence,
    frame_data
FROM pg_temp.incoming
WHERE NOT "timestamp" <@ %(archived)s::tstzmultirange
ORDER BY camera_id, zone_id, "timestamp", n
ON CONFLICT DO NOTHING
RETURNING camera_id
