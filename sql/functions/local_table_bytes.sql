CREATE OR REPLACE FUNCTION camgrid.local_table_bytes()
RETURNS TABLE (
    table_name text, month date, storage text, shards bigint, row_count bigint, heap_bytes bigint, toast_bytes bigint,
    index_bytes bigint
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Where a table is distributed its rows are in shards, and the table itself is empty.
    placed CONSTANT text := CASE WHEN camgrid.is_distributed('counting_results') THEN
        'SELECT s.logicalrelid::oid, to_regclass(shard_name(s.logicalrelid, s.shardid))::oid '
        'FROM pg_dist_shard AS s JOIN pg_dist_placement AS p USING (shardid) '
        'JOIN pg_dist_local_group AS here USING (groupid)'
    ELSE
        'SELECT c.oid, c.oid FROM pg_class AS c WHERE c.relkind = ''r'''
    END;
BEGIN
    RETURN QUERY EXECUTE format($query$
        WITH wanted AS (
            SELECT t.name, p.start_date, to_regclass(format('camgrid.%%I', p.partition_name))::oid AS relid
            FROM camgrid.partitioned_tables() AS t (name)
            CROSS JOIN LATERAL camgrid.list_partitions(t.name) AS p
            UNION ALL
            SELECT r.name, NULL, to_regclass('camgrid.' || r.name)::oid
            FROM unnest(ARRAY['counts_hourly', 'counts_daily', 'camera_latest']) AS r (name)
        ),
        placed (logical, relid) AS (%s)
        SELECT
            w.name, w.start_date, am.amname::text, count(*),
            -- As the planner does: the rows of a page when PostgreSQL last looked, times the pages that there are now.
            sum(CASE am.amname WHEN 'heap' THEN
                c.reltuples::numeric / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::integer)
                ELSE c.reltuples::numeric END)::bigint,
            sum(pg_table_size(c.oid) - coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0))::bigint,
            sum(coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0))::bigint,
            sum(pg_indexes_size(c.oid))::bigint
        FROM wanted AS w
        JOIN placed ON placed.logical = w.relid
        JOIN pg_class AS c ON c.oid = placed.relid
        JOIN pg_am AS am ON am.oid = c.relam
        -- Of others nobody knows the rows: they are left out of both sides of a quotient.
        WHERE c.reltuples > 0 AND c.relpages > 0
        GROUP BY 1, 2, 3
    $query$, placed);
END;
$$;

COMMENT ON FUNCTION camgrid.local_table_bytes() IS
'What rows take on this node, by table, month and storage: rows as PostgreSQL estimates them, bytes of the table with
its maps, of what lies outside of it (TOAST) and of indexes. Only shards that have been analysed, and have rows';

REVOKE ALL ON FUNCTION camgrid.local_table_bytes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.local_table_bytes() TO camgrid_monitor;
