CREATE OR REPLACE FUNCTION camgrid.shards_moving() RETURNS boolean
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    -- 13 is Citus's class for the lock that a move, a copy and a split of shards hold as long as they last.
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 13 AND granted AND pid <> pg_backend_pid()
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
$$;

COMMENT ON FUNCTION camgrid.shards_moving() IS
'Whether Citus moves, copies or splits shards at this moment; on the coordinator';

REVOKE ALL ON FUNCTION camgrid.shards_moving() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.shards_moving() TO camgrid_owner;
