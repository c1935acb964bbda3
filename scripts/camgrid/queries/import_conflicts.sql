-- Rows of the chunk whose key is stored with other values: which row, what is stored, what the row says.
-- The bounds are the chunk's own, as parameters: without them every partition would be looked into.
SELECT
    incoming.n,
    stored.count_in,
    stored.count_out,
    stored.total_count,
    stored.confidence,
    stored.frame_data::text AS frame_data,
    incoming.count_in,
    incoming.count_out,
    incoming.total_count,
    incoming.confidence,
    incoming.frame_data::text AS frame_data
FROM pg_temp.incoming
INNER JOIN camgrid.counting_results AS stored
    ON
        incoming.camera_id = stored.camera_id
        AND incoming.zone_id = stored.zone_id
        AND incoming."timestamp" = stored."timestamp"
WHERE
    stored."timestamp" BETWEEN %(first)s AND %(last)s
    AND (
        stored.count_in, stored.count_out, stored.total_count, stored.confidence, stored.frame_data
    ) IS DISTINCT FROM (
        incoming.count_in, incoming.count_out, incoming.total_count, incoming.confidence, incoming.frame_data
    )
ORDER BY incoming.n
