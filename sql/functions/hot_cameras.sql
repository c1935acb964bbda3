CREATE OR REPLACE FUNCTION camgrid.hot_cameras()
RETURNS TABLE (
    camera_id integer, name text, site text, shard_id bigint, citus_group integer, host text,
    reads bigint, reads_before bigint, queries bigint, queries_before bigint,
    cpu_seconds double precision, cpu_seconds_before double precision
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT camgrid.is_distributed('counting_results') THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE $query$
        -- A camera whose shard moved was counted on several nodes. TRUE: all that they remember, not the first hundred.
        WITH load AS MATERIALIZED (
            SELECT
                t.tenant_attribute::integer AS camera_id,
                sum(t.read_count_in_this_period)::bigint AS reads,
                sum(t.read_count_in_last_period)::bigint AS reads_before,
                sum(t.query_count_in_this_period)::bigint AS queries,
                sum(t.query_count_in_last_period)::bigint AS queries_before,
                sum(t.cpu_usage_in_this_period) AS cpu_seconds,
                sum(t.cpu_usage_in_last_period) AS cpu_seconds_before
            FROM citus_stat_tenants(TRUE) AS t
            WHERE t.colocation_id = (
                SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = 'camgrid.counting_results'::regclass
            )
            GROUP BY t.tenant_attribute
        ),
        known AS MATERIALIZED (SELECT id, name, site FROM camgrid.cameras)
        SELECT
            l.camera_id, k.name, k.site, s.shardid, p.groupid, n.nodename,
            l.reads, l.reads_before, l.queries, l.queries_before, l.cpu_seconds, l.cpu_seconds_before
        FROM load AS l
        LEFT JOIN known AS k ON k.id = l.camera_id
        JOIN pg_dist_shard AS s
            ON s.logicalrelid = 'camgrid.counting_results'::regclass
            AND worker_hash(l.camera_id) BETWEEN s.shardminvalue::integer AND s.shardmaxvalue::integer
        JOIN pg_dist_placement AS p ON p.shardid = s.shardid
        JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = 'primary'
        WHERE l.queries + l.queries_before > 0
        ORDER BY l.cpu_seconds + l.cpu_seconds_before DESC, l.queries + l.queries_before DESC, l.camera_id
    $query$;
END;
$$;

COMMENT ON FUNCTION camgrid.hot_cameras() IS
'Cameras by their load in this and the last minute (citus.stat_tenants_period), as the primaries counted it: statements
that name one camera, not COPY. Nothing where nothing is sharded or citus.stat_tenants_track is none';

REVOKE ALL ON FUNCTION camgrid.hot_cameras() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.hot_cameras() TO camgrid_monitor;
