CREATE OR REPLACE FUNCTION camgrid.partition_details()
RETURNS TABLE (
    table_name text, start_date date, partition_name text, storage text, bytes bigint, bytes_before bigint,
    archived_at timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- citus_shards lists replicas too. It is asked once, because it asks every node.
    sizes CONSTANT text := CASE WHEN camgrid.is_distributed('counting_results') THEN
        'SELECT s.table_name::oid AS relid, sum(s.shard_size)::bigint AS bytes FROM citus_shards AS s '
        'JOIN pg_dist_node AS n ON n.nodename = s.nodename AND n.nodeport = s.nodeport AND n.noderole = ''primary'' '
        'GROUP BY 1'
    ELSE
        'SELECT c.oid AS relid, pg_total_relation_size(c.oid) AS bytes FROM pg_class AS c '
        'WHERE c.relispartition AND c.relkind = ''r'''
    END;
BEGIN
    RETURN QUERY EXECUTE format($query$
        WITH size AS (%s)
        SELECT t.name, p.start_date, p.partition_name, am.amname::text, size.bytes, archived.bytes_before, archived.created_at
        FROM camgrid.partitioned_tables() AS t (name)
        CROSS JOIN LATERAL camgrid.list_partitions(t.name) AS p
        JOIN pg_class AS c ON c.oid = to_regclass(format('camgrid.%%I', p.partition_name))
        JOIN pg_am AS am ON am.oid = c.relam
        LEFT JOIN size ON size.relid = c.oid
        LEFT JOIN LATERAL (
            SELECT l.bytes_before, l.created_at FROM camgrid.partition_log AS l
            WHERE l.partition_name = p.partition_name AND l.action = 'archived' ORDER BY l.id DESC LIMIT 1
        ) AS archived ON TRUE
        ORDER BY t.name, p.start_date
    $query$, sizes);
END;
$$;

COMMENT ON FUNCTION camgrid.partition_details() IS
'Every month: how it is stored (heap, or columnar once archived), its bytes with indexes on all primaries, and for
archived ones the bytes before and when';

REVOKE ALL ON FUNCTION camgrid.partition_details() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.partition_details() TO camgrid_monitor;
