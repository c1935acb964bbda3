CREATE OR REPLACE FUNCTION camgrid.kernel_file(path text) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF path !~ '^/(proc|sys)/' THEN
        RAISE EXCEPTION '% is no file of the kernel', path;
    END IF;
    RETURN btrim(pg_read_file(path), E' \n');
EXCEPTION WHEN undefined_file OR insufficient_privilege OR invalid_parameter_value OR io_error OR system_error
    OR raise_exception OR internal_error THEN
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION camgrid.kernel_file(text) IS
'A file of /proc or /sys of this node; null where this kernel or device does not have it, or does not let it be read';

REVOKE ALL ON FUNCTION camgrid.kernel_file(text) FROM PUBLIC;
