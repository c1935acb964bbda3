-- As the superuser, who alone may write a restore point.
CREATE OR REPLACE FUNCTION camgrid.create_restore_point(point_name text)
RETURNS pg_lsn
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made pg_lsn;
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        EXECUTE 'SELECT citus_create_restore_point($1)' INTO made USING point_name;
    ELSE
        made := pg_create_restore_point(point_name);
    END IF;
    RETURN made;
END;
$$;

COMMENT ON FUNCTION camgrid.create_restore_point(text) IS
'Writes a restore point of that name (63 bytes at most) into the WAL of every group, between distributed commits: what
is committed is before it in all of them or in none. Returns its position on the coordinator. Commits wait meanwhile';

REVOKE ALL ON FUNCTION camgrid.create_restore_point(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.create_restore_point(text) TO camgrid_backup;
