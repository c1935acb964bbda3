CREATE OR REPLACE FUNCTION camgrid.shard_routes()
RETURNS TABLE (
    shard_id bigint, shard_name text, host text, port integer, database_name text,
    camera_range_start integer, camera_range_end integer, cameras bigint, is_active boolean
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN QUERY
        SELECT
            1::bigint, 'counting_results', coalesce(host(inet_server_addr()), 'localhost'),
            current_setting('port')::integer, current_database()::text, min(c.id), max(c.id), count(*), TRUE
        FROM camgrid.cameras AS c;
        RETURN;
    END IF;
    -- Through EXECUTE, because Citus's catalogs are not there to be named on a database without it.
    RETURN QUERY EXECUTE $query$
        WITH living AS (
            SELECT camgrid.get_shard_for_camera(id) AS shardid, min(id) AS low, max(id) AS high, count(*) AS cameras
            FROM camgrid.cameras GROUP BY 1
        )
        SELECT
            s.shardid, format('counting_results_%s', s.shardid), n.nodename, n.nodeport, current_database()::text,
            l.low, l.high, coalesce(l.cameras, 0), n.isactive
        FROM pg_dist_shard AS s
        JOIN pg_dist_placement AS p USING (shardid)
        JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = 'primary'
        LEFT JOIN living AS l USING (shardid)
        WHERE s.logicalrelid = 'camgrid.counting_results'::regclass
    $query$;
END;
$$;

COMMENT ON FUNCTION camgrid.shard_routes() IS
'Where each shard of counting_results lives now, with the smallest and largest camera in it and how many there are';
