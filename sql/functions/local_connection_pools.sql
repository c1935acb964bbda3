-- PgBouncer lets the system user that it runs as into its console, as user pgbouncer and without a password. The port
-- is that of camgrid.topology.POOL_PORT; the columns are those of PgBouncer 1.24.
CREATE OR REPLACE FUNCTION camgrid.local_connection_pools()
RETURNS TABLE (
    user_name text, total_connections integer, active_connections integer, idle_connections integer,
    waiting_connections integer, clients integer, longest_wait_seconds integer
)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT
        p.db_user,
        sum(
            p.sv_active + p.sv_active_cancel + p.sv_being_canceled + p.sv_idle + p.sv_used + p.sv_tested + p.sv_login
        )::integer,
        sum(p.sv_active)::integer,
        sum(p.sv_idle + p.sv_used + p.sv_tested)::integer,
        sum(p.cl_waiting)::integer,
        sum(p.cl_active + p.cl_waiting)::integer,
        max(p.maxwait)::integer
    FROM dblink.dblink('host=/run/postgresql port=6432 dbname=pgbouncer user=pgbouncer', 'SHOW POOLS') AS p (
        db text, db_user text, cl_active integer, cl_waiting integer, cl_active_cancel integer,
        cl_waiting_cancel integer, sv_active integer, sv_active_cancel integer, sv_being_canceled integer,
        sv_idle integer, sv_used integer, sv_tested integer, sv_login integer, maxwait integer, maxwait_us integer,
        pool_mode text, load_balance_hosts text
    )
    WHERE p.db <> 'pgbouncer'
    GROUP BY p.db_user
$$;

COMMENT ON FUNCTION camgrid.local_connection_pools() IS
'Pools of the PgBouncer on this host, summed by database user';

REVOKE ALL ON FUNCTION camgrid.local_connection_pools() FROM PUBLIC;
