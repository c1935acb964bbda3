CREATE OR REPLACE FUNCTION camgrid.monitor_replication_lag()
RETURNS TABLE (
    replica_name text, lag_seconds integer, status text,
    citus_group integer, lag_bytes bigint, sync_state text, reason text
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    leader record;
    replicas json[];
    problem text;
BEGIN
    FOR leader IN SELECT n.node_name, n.citus_group FROM camgrid.known_nodes() AS n WHERE n.is_primary LOOP
        SELECT coalesce(array_agg(a.answer) FILTER (WHERE a.reason IS NULL), '{}'), max(a.reason)
        INTO replicas, problem
        FROM camgrid.ask_node(leader.node_name, 'SELECT * FROM camgrid.local_replicas()') AS a;

        RETURN QUERY
        SELECT
            r.replica_name,
            round(r.lag_seconds)::integer,
            CASE
                WHEN r.state IS NULL THEN 'disconnected'
                WHEN r.state <> 'streaming' OR r.lag_seconds > 300 THEN 'lagging'
                ELSE 'healthy'
            END,
            leader.citus_group,
            r.replay_lag_bytes,
            r.sync_state,
            CASE WHEN r.state IS NULL THEN 'its slot waits for it' WHEN r.state <> 'streaming' THEN r.state END
        FROM unnest(replicas) AS a (line)
        CROSS JOIN LATERAL json_to_record(a.line) AS r (
            replica_name text, state text, sync_state text, replay_lag_bytes bigint, lag_seconds double precision
        )
        ORDER BY r.replica_name;

        -- A slot is given up after a while; Citus may know the replica still.
        RETURN QUERY
        SELECT s.node_name, NULL::integer, 'disconnected', leader.citus_group, NULL::bigint, NULL::text, coalesce(
            problem, s.reason, 'it runs, but does not stream'
        )
        FROM camgrid.unlisted_replicas(leader.citus_group, replicas) AS s;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION camgrid.monitor_replication_lag() IS
'Replicas of every group, as the group''s primary sees them: healthy, lagging (300 s behind, or still catching up) or
disconnected (a slot or Citus knows it, but it does not stream). lag_seconds and lag_bytes: what it has not replayed yet';

REVOKE ALL ON FUNCTION camgrid.monitor_replication_lag() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.monitor_replication_lag() TO camgrid_monitor;
