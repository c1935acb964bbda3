CREATE OR REPLACE FUNCTION camgrid.compare_archive(
    plain text, archive text, OUT row_count bigint, OUT missing bigint, OUT extra bigint
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "citus.propagate_set_commands" = 'local'
AS $$
BEGIN
    SET LOCAL enable_nestloop = off;
    EXECUTE format('SELECT count(*) FROM camgrid.%I', plain) INTO row_count;
    EXECUTE format(
        'SELECT count(*) FROM camgrid.%I AS o WHERE NOT EXISTS ('
        'SELECT FROM camgrid.%I AS n WHERE n.camera_id = o.camera_id AND n::text = o::text)', plain, archive
    ) INTO missing;
    EXECUTE format('SELECT count(*) - $1 + $2 FROM camgrid.%I', archive) INTO extra USING row_count, missing;
END;
$$;

COMMENT ON FUNCTION camgrid.compare_archive(text, text) IS
'Rows of a month''s plain table, how many of them the columnar one does not have with all their values, and how many it
has besides';

ALTER FUNCTION camgrid.compare_archive(text, text) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.compare_archive(text, text) FROM PUBLIC;
