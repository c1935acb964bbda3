CREATE OR REPLACE FUNCTION camgrid.follow_timezones() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept CONSTANT tstzmultirange := camgrid.dropped_months('counting_results');
    moved integer [];
BEGIN
    SELECT array_agg(c.id) INTO moved
    FROM camgrid.cameras AS c
    LEFT JOIN camgrid.rollup_zones AS z ON z.camera_id = c.id
    WHERE c.timezone <> coalesce(z.timezone, 'UTC');
    IF moved IS NULL THEN
        RETURN;
    END IF;
    -- Their hours and days begin at other moments now. Of months that are gone only these are left: they stay.
    DELETE FROM camgrid.counts_hourly AS h WHERE h.camera_id = ANY(moved) AND NOT h.hour <@ kept;
    DELETE FROM camgrid.counts_daily AS d WHERE d.camera_id = ANY(moved) AND NOT (d.day::timestamp AT TIME ZONE 'UTC') <@ kept;
    PERFORM camgrid.note_results('-infinity', 'infinity', moved);
    INSERT INTO camgrid.rollup_zones (camera_id, timezone)
    SELECT c.id, c.timezone FROM camgrid.cameras AS c WHERE c.id = ANY(moved)
    ON CONFLICT (camera_id) DO UPDATE SET timezone = excluded.timezone;
END;
$$;

COMMENT ON FUNCTION camgrid.follow_timezones() IS
'Has the rollups of cameras whose time zone was changed made anew by the next roll_up()';

REVOKE ALL ON FUNCTION camgrid.follow_timezones() FROM PUBLIC;
