CREATE OR REPLACE FUNCTION camgrid.copy_to_archive(plain text, archive text) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "citus.propagate_set_commands" = 'local'
AS $$
DECLARE
    same CONSTANT text := (
        SELECT string_agg(format('n.%1$I = o.%1$I', a.attname), ' AND ')
        FROM pg_index AS i
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = format('camgrid.%I', plain)::regclass AND i.indisprimary
    );
    copied bigint;
BEGIN
    -- A columnar table knows little of itself: row by row is what must not happen, on the workers either.
    SET LOCAL enable_nestloop = off;
    -- In this order a camera's rows lie together, which compresses best and is read least.
    EXECUTE format(
        'INSERT INTO camgrid.%I SELECT o.* FROM camgrid.%I AS o WHERE NOT EXISTS (SELECT FROM camgrid.%I AS n WHERE %s)'
        ' ORDER BY o.camera_id, o."timestamp"', archive, plain, archive, same
    );
    GET DIAGNOSTICS copied = ROW_COUNT;
    RETURN copied;
END;
$$;

COMMENT ON FUNCTION camgrid.copy_to_archive(text, text) IS
'Copies those rows of a month''s plain table that its columnar one lacks, on each shard''s own node; returns how many';

ALTER FUNCTION camgrid.copy_to_archive(text, text) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.copy_to_archive(text, text) FROM PUBLIC;
