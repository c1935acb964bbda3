-- As the superuser, who alone may ask other nodes and end a segment of WAL.
CREATE OR REPLACE FUNCTION camgrid.archive_positions()
RETURNS TABLE (citus_group integer, system_id text, timeline integer, lsn pg_lsn, history text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    node record;
    told record;
BEGIN
    FOR node IN
        SELECT n.node_name, n.citus_group FROM camgrid.known_nodes() AS n WHERE n.is_primary ORDER BY n.citus_group
    LOOP
        SELECT a.answer, a.reason INTO told FROM camgrid.ask_node(
            node.node_name, 'SELECT * FROM camgrid.end_wal_segment()'
        ) AS a;
        IF told.reason IS NOT NULL THEN
            RAISE EXCEPTION 'the primary of group % (%) does not tell its position: %',
                node.citus_group, node.node_name, told.reason;
        END IF;
        citus_group := node.citus_group;
        system_id := told.answer ->> 'system_id';
        timeline := (told.answer ->> 'timeline')::integer;
        lsn := (told.answer ->> 'lsn')::pg_lsn;
        history := told.answer ->> 'history';
        RETURN NEXT;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION camgrid.archive_positions() IS
'Lets every group''s WAL be archived up to now, and tells where that is; see end_wal_segment. Fails when a primary does
not answer';

REVOKE ALL ON FUNCTION camgrid.archive_positions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.archive_positions() TO camgrid_backup;
