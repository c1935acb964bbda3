-- As the superuser, who alone may read pg_authid.
CREATE OR REPLACE FUNCTION camgrid.pool_login(wanted text)
RETURNS TABLE (role_name text, verifier text)
LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.rolname::text, a.rolpassword
    FROM pg_authid AS a
    WHERE a.rolname = wanted
        AND a.rolname ~ '^camgrid_(writer|reader|reporter|monitor)(_2)?$'
        AND a.rolcanlogin AND a.rolpassword IS NOT NULL AND (a.rolvaliduntil IS NULL OR a.rolvaliduntil > now())
$$;

COMMENT ON FUNCTION camgrid.pool_login(text) IS
'Name and SCRAM verifier of an application''s role, for the pool that authenticates it; no row for any other role';

REVOKE ALL ON FUNCTION camgrid.pool_login(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.pool_login(text) TO camgrid_pooler;
