-- As the superuser, who alone may read pg_authid.
CREATE OR REPLACE FUNCTION camgrid.pool_login(wanted text)
RETURNS TABLE (role_name text, verifier text)
LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.rolname::text, a.rolpassword
    FROM pg_authid AS a
    WHERE a.rolname = wanted
        AND a.rolname IN ('camgrid_writer', 'camgrid_reader', 'camgrid_reporter', 'camgrid_monitor')
        AND a.rolcanlogin AND (a.rolvaliduntil IS NULL OR a.rolvaliduntil > now())
$$;

COMMENT ON FUNCTION camgrid.pool_login(text) IS
'Name and SCRAM verifier of an application''s role, for the pool that authenticates it; no row for any other role';

REVOKE ALL ON FUNCTION camgrid.pool_login(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.pool_login(text) TO camgrid_pooler;
