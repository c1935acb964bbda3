CREATE OR REPLACE FUNCTION camgrid.note_results(
    starts timestamptz, ends timestamptz, cameras integer[] DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Neither changes what is stored; both are for the next roll_up to look at.
    INSERT INTO camgrid.rollup_changes (camera_id, zone_id, quarter)
    SELECT DISTINCT r.camera_id, r.zone_id, date_bin('15 minutes', r."timestamp", 'epoch')
    FROM camgrid.counting_results AS r
    WHERE r."timestamp" >= starts AND r."timestamp" < ends AND (cameras IS NULL OR r.camera_id = ANY(cameras));
    INSERT INTO camgrid.rollup_changes (camera_id, zone_id, quarter)
    SELECT h.camera_id, h.zone_id, h.hour
    FROM camgrid.counts_hourly AS h
    WHERE h.hour >= starts AND h.hour < ends AND (cameras IS NULL OR h.camera_id = ANY(cameras));
END;
$$;

COMMENT ON FUNCTION camgrid.note_results(timestamptz, timestamptz, integer[]) IS
'Lets the next refresh_rollups() make the rollups from starts to before ends anew, of some cameras or all: after a
TRUNCATE, or a statement on a single month''s table, which are not noticed';

REVOKE ALL ON FUNCTION camgrid.note_results(timestamptz, timestamptz, integer[]) FROM PUBLIC;
