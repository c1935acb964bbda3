-- Rows of archived months, without those that are there. The primary key refuses what somebody else stores meanwhile.
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
WHERE "timestamp" <@ %(archived)s::tstzmultirange AND NOT n = ANY(%(present)s)
ORDER BY camera_id, zone_id, "timestamp", n
RETURNING camera_id
