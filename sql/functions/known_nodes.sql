CREATE OR REPLACE FUNCTION camgrid.known_nodes()
RETURNS TABLE (node_name text, citus_group integer, is_primary boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN QUERY EXECUTE $query$
            SELECT nodename, groupid, noderole = 'primary' FROM pg_dist_node ORDER BY groupid, nodename
        $query$;
        RETURN;
    END IF;
    -- The first address that PostgreSQL listens on is the one that the others reach this node at.
    RETURN QUERY
    SELECT split_part(current_setting('listen_addresses'), ',', 1), 0, NOT pg_is_in_recovery()
    UNION
    SELECT host(r.client_addr), 0, FALSE
    FROM pg_stat_replication AS r
    JOIN pg_replication_slots AS s ON s.active_pid = r.pid AND s.slot_type = 'physical' AND NOT s.temporary
    WHERE NOT pg_is_in_recovery()
    UNION
    SELECT w.sender_host, 0, TRUE FROM pg_stat_wal_receiver AS w;
END;
$$;

COMMENT ON FUNCTION camgrid.known_nodes() IS
'Nodes that this one knows, by the name that it reaches them at: all of Citus, or itself and those that it streams to or
from';

REVOKE ALL ON FUNCTION camgrid.known_nodes() FROM PUBLIC;
