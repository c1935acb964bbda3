CREATE OR REPLACE FUNCTION camgrid.shard_sizes()
RETURNS TABLE (
    shard_id bigint, citus_group integer, host text, hash_low integer, hash_high integer,
    bytes bigint, result_rows bigint, cameras bigint, reason text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT camgrid.is_distributed('counting_results') THEN
        RETURN QUERY
        SELECT
            1::bigint, 0, coalesce(host(inet_server_addr()), 'localhost'), NULL::integer, NULL::integer,
            s.bytes, s.result_rows, (SELECT count(*) FROM camgrid.cameras), NULL::text
        FROM camgrid.local_shards() AS s;
        RETURN;
    END IF;
    -- The hash is computed here: get_shard_id_for_distribution_column() asks for the right to read the table, and looks
    -- up one camera a call. Each node adds up its own shards, so that hundreds of months are one line.
    RETURN QUERY EXECUTE $query$
        WITH told AS MATERIALIZED (
            SELECT n.groupid, a.success, a.result
            FROM run_command_on_all_nodes(
                'SELECT coalesce(json_agg(l), ''[]'') FROM camgrid.local_shards() AS l',
                give_warning_for_connection_errors := TRUE
            ) AS a
            JOIN pg_dist_node AS n USING (nodeid)
        ),
        sizes AS (
            SELECT t.groupid, l.*
            FROM told AS t
            CROSS JOIN LATERAL json_to_recordset(CASE WHEN t.success THEN t.result::json ELSE '[]' END)
                AS l (hash_low integer, bytes bigint, result_rows bigint)
        ),
        cameras AS MATERIALIZED (SELECT worker_hash(id) AS hash FROM camgrid.cameras),
        shards AS (
            SELECT
                s.shardid, p.groupid, n.nodename, s.shardminvalue::integer AS low, s.shardmaxvalue::integer AS high
            FROM pg_dist_shard AS s
            JOIN pg_dist_placement AS p USING (shardid)
            JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = 'primary'
            WHERE s.logicalrelid = 'camgrid.counting_results'::regclass
        )
        SELECT
            s.shardid, s.groupid, s.nodename, s.low, s.high, l.bytes, l.result_rows,
            (SELECT count(*) FROM cameras AS c WHERE c.hash BETWEEN s.low AND s.high),
            CASE WHEN t.success THEN NULL ELSE coalesce(t.result, 'its node does not answer') END
        FROM shards AS s
        LEFT JOIN told AS t ON t.groupid = s.groupid
        LEFT JOIN sizes AS l ON l.groupid = s.groupid AND l.hash_low = s.low
        ORDER BY s.shardid
    $query$;
END;
$$;

COMMENT ON FUNCTION camgrid.shard_sizes() IS
'Shards of counting_results where they are now: bytes with all that moves with them, estimated rows, how many cameras;
one of number 1 where nothing is sharded. Bytes are null, with the reason, where a node does not answer';

REVOKE ALL ON FUNCTION camgrid.shard_sizes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.shard_sizes() TO camgrid_monitor;
