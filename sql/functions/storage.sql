CREATE OR REPLACE FUNCTION camgrid.storage()
RETURNS TABLE (table_name text, host text, bytes bigint, shards bigint, partitions bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN QUERY
        SELECT
            t.name, 'primary', coalesce(sum(pg_total_relation_size(tree.relid)), 0)::bigint, 1::bigint,
            count(*) FILTER (WHERE tree.isleaf)
        FROM camgrid.partitioned_tables() AS t (name)
        CROSS JOIN LATERAL pg_partition_tree(to_regclass('camgrid.' || t.name)) AS tree
        GROUP BY t.name;
        RETURN;
    END IF;
    -- citus_shards lists replicas too, which would count every byte twice.
    RETURN QUERY EXECUTE $query$
        SELECT
            t.name, s.nodename, sum(s.shard_size)::bigint,
            count(*) FILTER (WHERE s.table_name = parent.oid::regclass),
            count(DISTINCT s.table_name) - 1
        FROM camgrid.partitioned_tables() AS t (name)
        CROSS JOIN LATERAL (SELECT to_regclass('camgrid.' || t.name) AS oid) AS parent
        JOIN LATERAL pg_partition_tree(parent.oid) AS tree ON TRUE
        JOIN citus_shards AS s ON s.table_name = tree.relid
        JOIN pg_dist_node AS n ON n.nodename = s.nodename AND n.nodeport = s.nodeport AND n.noderole = 'primary'
        GROUP BY t.name, s.nodename
    $query$;
END;
$$;

COMMENT ON FUNCTION camgrid.storage() IS
'Bytes (tables with their indexes), shards and monthly partitions of each table on each primary';

REVOKE ALL ON FUNCTION camgrid.storage() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.storage() TO camgrid_monitor;
