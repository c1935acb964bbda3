-- A constraint that mends itself: whoever set it may die, and writes are held off only for as long as was meant.
CREATE OR REPLACE FUNCTION camgrid.hold_off_writes(shard regclass, until timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET "citus.enable_ddl_propagation" = 'off'
SET "citus.override_table_visibility" = 'off'
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS archiving', shard);
    IF until IS NOT NULL THEN
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT archiving CHECK (clock_timestamp() > %L) NOT VALID', shard, until
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.hold_off_writes(regclass, timestamptz) IS
'On this node alone: lets every new or changed row of a table fail with check_violation, constraint archiving, until a
moment; null: lets them in again';

ALTER FUNCTION camgrid.hold_off_writes(regclass, timestamptz) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.hold_off_writes(regclass, timestamptz) FROM PUBLIC;
