-- Every statement is planned once for all shards and runs beside their rows, each shard on its own. What is there is
-- counted for one hour at a time: asked with NOT EXISTS, PostgreSQL compares all rows of a camera with all its hours.
CREATE OR REPLACE FUNCTION camgrid.roll_up() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone CONSTANT tstzmultirange := camgrid.dropped_months('counting_results');
    -- All raw rows of the hours in question are between these: months outside are not even planned for.
    first timestamptz;
    last timestamptz;
BEGIN
    SELECT min(c.quarter) - interval '1 hour', max(c.quarter) + interval '1 hour' INTO first, last
    FROM camgrid.rollup_changes AS c;
    IF first IS NULL THEN
        RETURN;
    END IF;

    INSERT INTO camgrid.counts_hourly AS kept (
        camera_id, zone_id, hour, count_in, count_out, total_count, results
    )
    SELECT n.camera_id, n.zone_id, n.hour, s.count_in, s.count_out, s.total_count, s.results
    FROM camgrid.rollup_hours AS n
    CROSS JOIN LATERAL (
        SELECT sum(r.count_in) AS count_in, sum(r.count_out) AS count_out, sum(r.total_count) AS total_count,
            count(*) AS results
        FROM camgrid.counting_results AS r
        WHERE r.camera_id = n.camera_id AND r.zone_id = n.zone_id
            AND r."timestamp" >= first AND r."timestamp" < last
            AND r."timestamp" >= n.hour AND r."timestamp" < n.hour + interval '1 hour'
            -- Where a clock was moved by half an hour, one of its hours is shorter.
            AND date_trunc('hour', r."timestamp", n.timezone) = n.hour
    ) AS s
    WHERE s.results > 0 AND NOT n.hour <@ gone
    ON CONFLICT (camera_id, zone_id, hour) DO UPDATE SET
        count_in = excluded.count_in, count_out = excluded.count_out, total_count = excluded.total_count,
        results = excluded.results;

    DELETE FROM camgrid.counts_hourly AS h
    USING (
        SELECT n.camera_id, n.zone_id, n.hour
        FROM camgrid.rollup_hours AS n
        CROSS JOIN LATERAL (
            SELECT count(*) AS results
            FROM camgrid.counting_results AS r
            WHERE r.camera_id = n.camera_id AND r.zone_id = n.zone_id
                AND r."timestamp" >= first AND r."timestamp" < last
                AND r."timestamp" >= n.hour AND r."timestamp" < n.hour + interval '1 hour'
                AND date_trunc('hour', r."timestamp", n.timezone) = n.hour
        ) AS s
        WHERE s.results = 0 AND NOT n.hour <@ gone
    ) AS n
    WHERE h.camera_id = n.camera_id AND h.zone_id = n.zone_id AND h.hour = n.hour;

    -- Days from hours. A day begins within three hours of what its midnight seems to be when clocks are moved at night.
    INSERT INTO camgrid.counts_daily AS kept (
        camera_id, zone_id, day, count_in, count_out, total_count, results
    )
    SELECT n.camera_id, n.zone_id, n.day, s.count_in, s.count_out, s.total_count, s.results
    FROM (
        SELECT DISTINCT camera_id, zone_id, timezone, (hour AT TIME ZONE timezone)::date AS day
        FROM camgrid.rollup_hours WHERE NOT hour <@ gone
    ) AS n
    CROSS JOIN LATERAL (
        SELECT sum(h.count_in) AS count_in, sum(h.count_out) AS count_out, sum(h.total_count) AS total_count,
            sum(h.results) AS results
        FROM camgrid.counts_hourly AS h
        WHERE h.camera_id = n.camera_id AND h.zone_id = n.zone_id
            AND h.hour >= (n.day::timestamp AT TIME ZONE n.timezone) - interval '3 hours'
            AND h.hour < ((n.day + 1)::timestamp AT TIME ZONE n.timezone) + interval '3 hours'
            AND (h.hour AT TIME ZONE n.timezone)::date = n.day
    ) AS s
    WHERE s.results > 0
    ON CONFLICT (camera_id, zone_id, day) DO UPDATE SET
        count_in = excluded.count_in, count_out = excluded.count_out, total_count = excluded.total_count,
        results = excluded.results;

    DELETE FROM camgrid.counts_daily AS d
    USING (
        SELECT n.camera_id, n.zone_id, n.day
        FROM (
            SELECT DISTINCT camera_id, zone_id, timezone, (hour AT TIME ZONE timezone)::date AS day
            FROM camgrid.rollup_hours WHERE NOT hour <@ gone
        ) AS n
        CROSS JOIN LATERAL (
            SELECT count(*) AS hours
            FROM camgrid.counts_hourly AS h
            WHERE h.camera_id = n.camera_id AND h.zone_id = n.zone_id
                AND h.hour >= (n.day::timestamp AT TIME ZONE n.timezone) - interval '3 hours'
                AND h.hour < ((n.day + 1)::timestamp AT TIME ZONE n.timezone) + interval '3 hours'
                AND (h.hour AT TIME ZONE n.timezone)::date = n.day
        ) AS s
        WHERE s.hours = 0
    ) AS n
    WHERE d.camera_id = n.camera_id AND d.zone_id = n.zone_id AND d.day = n.day;

    INSERT INTO camgrid.camera_latest AS kept (
        camera_id, zone_id, "timestamp", count_in, count_out, total_count, confidence
    )
    SELECT n.camera_id, n.zone_id, r."timestamp", r.count_in, r.count_out, r.total_count, r.confidence
    FROM (SELECT DISTINCT camera_id, zone_id FROM camgrid.rollup_changes) AS n
    CROSS JOIN LATERAL (
        SELECT r."timestamp", r.count_in, r.count_out, r.total_count, r.confidence
        FROM camgrid.counting_results AS r
        WHERE r.camera_id = n.camera_id AND r.zone_id = n.zone_id
        ORDER BY r."timestamp" DESC
        LIMIT 1
    ) AS r
    ON CONFLICT (camera_id, zone_id) DO UPDATE SET
        "timestamp" = excluded."timestamp", count_in = excluded.count_in, count_out = excluded.count_out,
        total_count = excluded.total_count, confidence = excluded.confidence;

    -- As everywhere here with an aggregate: joined itself, a columnar month refuses to be beside what is deleted.
    DELETE FROM camgrid.camera_latest AS l
    USING (
        SELECT n.camera_id, n.zone_id
        FROM (SELECT DISTINCT camera_id, zone_id FROM camgrid.rollup_changes) AS n
        CROSS JOIN LATERAL (
            SELECT max(r."timestamp") AS newest
            FROM camgrid.counting_results AS r
            WHERE r.camera_id = n.camera_id AND r.zone_id = n.zone_id
        ) AS s
        WHERE s.newest IS NULL
    ) AS n
    WHERE l.camera_id = n.camera_id AND l.zone_id = n.zone_id;

    -- Those that were seen above, and no later ones: all of this reads one snapshot of each shard.
    DELETE FROM camgrid.rollup_changes;
END;
$$;

COMMENT ON FUNCTION camgrid.roll_up() IS
'Makes anew, from the raw rows, every hour, day and newest result that a noted change is about. To be called in a
transaction of its own, in REPEATABLE READ, with rollup_state locked: see refresh_rollups()';

REVOKE ALL ON FUNCTION camgrid.roll_up() FROM PUBLIC;
