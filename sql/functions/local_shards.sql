CREATE OR REPLACE FUNCTION camgrid.local_shards()
RETURNS TABLE (hash_low integer, bytes bigint, result_rows bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT camgrid.is_distributed('counting_results') THEN
        RETURN QUERY
        SELECT
            NULL::integer,
            coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint,
            coalesce(sum(c.reltuples) FILTER (WHERE t.name = 'counting_results' AND c.reltuples > 0), 0)::bigint
        FROM camgrid.partitioned_tables() AS t (name)
        CROSS JOIN LATERAL pg_partition_tree(to_regclass(format('camgrid.%I', t.name))) AS tree
        JOIN pg_class AS c ON c.oid = tree.relid AND tree.isleaf;
        RETURN;
    END IF;
    -- Shards of one hash range move together, whatever table or month they are of: they count as one here.
    RETURN QUERY EXECUTE $query$
        WITH results AS (SELECT relid FROM pg_partition_tree('camgrid.counting_results') WHERE isleaf)
        SELECT
            s.shardminvalue::integer,
            coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint,
            coalesce(sum(c.reltuples) FILTER (WHERE r.relid IS NOT NULL AND c.reltuples > 0), 0)::bigint
        FROM pg_dist_partition AS p
        JOIN pg_dist_shard AS s USING (logicalrelid)
        JOIN pg_dist_placement AS l USING (shardid)
        JOIN pg_dist_local_group AS here USING (groupid)
        LEFT JOIN results AS r ON r.relid = s.logicalrelid
        JOIN pg_class AS c ON c.oid = to_regclass(shard_name(s.logicalrelid, s.shardid))
        WHERE p.colocationid = (
            SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = 'camgrid.counting_results'::regclass
        )
        GROUP BY s.shardminvalue
    $query$;
END;
$$;

COMMENT ON FUNCTION camgrid.local_shards() IS
'Shards on this node by the lower end of their hash range: bytes over all tables and months that move together, and
PostgreSQL''s estimate of the rows of counting_results; one line without a range where nothing is sharded';

REVOKE ALL ON FUNCTION camgrid.local_shards() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.local_shards() TO camgrid_monitor;
