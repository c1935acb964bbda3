CREATE OR REPLACE FUNCTION camgrid.rollup_health()
RETURNS TABLE (
    state text, pending bigint, oldest_pending timestamptz, refreshed_at timestamptz, lag_seconds numeric,
    complete_since timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT
        CASE
            WHEN coalesce(s.refreshed_at, s.made_at) < now() - interval '5 minutes' THEN 'stopped'
            WHEN c.oldest < now() - interval '3 minutes' OR s.noted_since > '-infinity' THEN 'behind'
            ELSE 'fresh'
        END,
        c.pending,
        c.oldest,
        s.refreshed_at,
        round(extract(EPOCH FROM now() - s.refreshed_at), 1),
        nullif(least(s.noted_since, now()), '-infinity')
    FROM camgrid.rollup_state AS s
    CROSS JOIN (SELECT count(*) AS pending, min(changed_at) AS oldest FROM camgrid.rollup_changes) AS c
$$;

COMMENT ON FUNCTION camgrid.rollup_health() IS
'How fresh the rollups are: state fresh, behind or stopped; changes that are not in them yet and since when; when
they were brought up to date last and how long ago that is; null, or the time before which results that were stored
before there were rollups are not in them yet';

ALTER FUNCTION camgrid.rollup_health() OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.rollup_health() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.rollup_health()
TO camgrid_writer, camgrid_reader, camgrid_reporter, camgrid_monitor;
