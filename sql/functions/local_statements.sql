-- A statement of an application is counted on the node that it was sent to; what Citus makes of it is counted on the
-- nodes that it asks, as the same role, and names shards: their numbers have six digits and more.
CREATE OR REPLACE FUNCTION camgrid.local_statements()
RETURNS TABLE (
    kind text, query_pattern text, query text, calls bigint, row_count bigint, exec_ms double precision,
    blocks_hit bigint, blocks_read bigint, temp_blocks bigint, counted_since timestamptz
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH applications AS MATERIALIZED (
        SELECT r.oid FROM pg_roles AS r
        WHERE NOT r.rolsuper AND NOT r.rolreplication
            AND r.rolname NOT IN ('camgrid_owner', 'camgrid_monitor', 'camgrid_pooler', 'camgrid_backup')
    ),
    statements AS (
        SELECT
            s.*,
            -- What a statement is stands at its beginning, after comments; a list of a thousand rows comes later.
            lower(regexp_replace(left(s.query, 4000), '^(\s|--[^\n]*\n|/\*([^*]|\*(?!/))*\*/)+', '')) AS text
        FROM public.pg_stat_statements AS s
        WHERE s.toplevel AND s.userid IN (SELECT a.oid FROM applications AS a)
            AND s.dbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    )
    SELECT
        CASE
            WHEN s.text ~ '^(insert|update|delete|merge)\M' THEN 'write'
            WHEN s.text ~ '^copy\M' THEN CASE WHEN s.text ~ '\mfrom\M' THEN 'write' ELSE 'read' END
            WHEN s.text ~ '^with\M' AND s.text ~ '\m(insert\s+into|update|delete\s+from|merge\s+into)\M' THEN 'write'
            WHEN s.text ~ '^(\(|select\M|with\M|table\M|values\M|declare\M)' THEN 'read'
            ELSE 'other'
        END,
        CASE
            WHEN s.text ~ 'counting_results' THEN 'counting_results_queries'
            WHEN s.text ~ 'camera_events' THEN 'camera_events_queries'
            WHEN s.text ~ 'counts_hourly|counts_daily|camera_latest|analytics' THEN 'analytics_queries'
            ELSE 'other_queries'
        END,
        s.query, s.calls, s.rows, s.total_exec_time,
        s.shared_blks_hit, s.shared_blks_read, s.temp_blks_written, s.stats_since
    FROM statements AS s
    WHERE s.text !~ '_\d{6,}\M'
$$;

COMMENT ON FUNCTION camgrid.local_statements() IS
'Statements that applications sent to this node, as pg_stat_statements has counted them since counted_since: read, write
or other (BEGIN, SET), and the tables that they are about. What other nodes asked for them is not in it';

REVOKE ALL ON FUNCTION camgrid.local_statements() FROM PUBLIC;
