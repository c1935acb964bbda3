CREATE OR REPLACE FUNCTION camgrid.has_columnar() RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM pg_am WHERE amname = 'columnar')
$$;

COMMENT ON FUNCTION camgrid.has_columnar() IS 'Whether tables can be columnar: months are archived only then';
