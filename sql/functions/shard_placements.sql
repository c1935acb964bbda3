CREATE OR REPLACE FUNCTION camgrid.shard_placements()
RETURNS TABLE (shard_id bigint, shard_name text, node_name text, citus_group integer, is_active boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT camgrid.is_distributed('counting_results') THEN
        RETURN QUERY
        SELECT 1::bigint, 'counting_results', n.node_name, 0, TRUE FROM camgrid.known_nodes() AS n
        WHERE n.is_primary AND n.citus_group = 0 ORDER BY n.node_name LIMIT 1;
        RETURN;
    END IF;
    RETURN QUERY EXECUTE $query$
        SELECT
            s.shardid, format('counting_results_%s', s.shardid), n.nodename, p.groupid,
            n.isactive AND p.shardstate = 1
        FROM pg_dist_shard AS s
        JOIN pg_dist_placement AS p USING (shardid)
        JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = 'primary'
        WHERE s.logicalrelid = 'camgrid.counting_results'::regclass
        ORDER BY s.shardid
    $query$;
END;
$$;

COMMENT ON FUNCTION camgrid.shard_placements() IS
'Shards of counting_results and the primaries that hold them, as the catalogs say without asking a node; the table
itself as shard 1 where nothing is sharded';

REVOKE ALL ON FUNCTION camgrid.shard_placements() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.shard_placements() TO camgrid_monitor;
