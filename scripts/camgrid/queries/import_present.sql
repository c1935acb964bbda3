-- Rows of the chunk whose key is stored in an archived month.
SELECT incoming.n
FROM pg_temp.incoming
INNER JOIN camgrid.counting_results AS stored
    ON
        incoming.camera_id = stored.camera_id
        AND incoming.zone_id = stored.zone_id
        AND incoming."timestamp" = stored."timestamp"
WHERE
    stored."timestamp" BETWEEN %(first)s AND %(last)s
    AND incoming."timestamp" <@ %(archived)s::tstzmultirange
