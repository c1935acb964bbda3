CREATE OR REPLACE FUNCTION camgrid.local_wal() RETURNS TABLE (wal_bytes numeric, result_rows bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT
        (SELECT w.wal_bytes FROM pg_stat_wal AS w),
        coalesce((
            SELECT sum(s.n_tup_ins) FROM pg_stat_all_tables AS s
            WHERE s.schemaname = 'camgrid' AND s.relname ~ '^counting_results_y\d{4}m\d{2}(_\d+)?$'
        ), 0)::bigint
$$;

COMMENT ON FUNCTION camgrid.local_wal() IS
'WAL that this node has written and counting results that it has stored in plain months that are still there. Only the
difference of two looks means anything: each has a beginning of its own';

REVOKE ALL ON FUNCTION camgrid.local_wal() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.local_wal() TO camgrid_monitor;
