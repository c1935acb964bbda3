CREATE OR REPLACE FUNCTION camgrid.end_wal_segment()
RETURNS TABLE (system_id text, timeline integer, lsn pg_lsn, history text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Of the WAL that is being written: the control file's changes with the next checkpoint only.
    timeline := ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer;
    system_id := (SELECT s.system_identifier::text FROM pg_control_system() AS s);
    -- Which timelines it came from, and where it left each.
    history := pg_read_file(format('pg_wal/%s.history', lpad(upper(to_hex(timeline)), 8, '0')), TRUE);
    lsn := pg_switch_wal();
    RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION camgrid.end_wal_segment() IS
'Lets this primary''s WAL be archived up to now, and tells where that is: the system''s identifier, its timeline, the
position, and the timeline''s history (null for the first)';

REVOKE ALL ON FUNCTION camgrid.end_wal_segment() FROM PUBLIC;
