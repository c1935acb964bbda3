-- On one node: of a table or of a shard, without Citus's carrying it on to the others.
CREATE OR REPLACE FUNCTION camgrid.exchange_partition(
    parent regclass, leaving regclass, coming regclass, start_date date, end_date date,
    before timestamptz DEFAULT 'infinity'
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET "citus.enable_ddl_propagation" = 'off'
SET "citus.override_table_visibility" = 'off'
AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = leaving AND inhparent = parent) THEN
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, leaving);
        -- The lock is held now: nobody has written after this moment.
        IF clock_timestamp() >= before THEN
            RAISE EXCEPTION 'it took longer to get here than writes to % were held off', leaving
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
    END IF;
    IF coming IS NOT NULL AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = coming) THEN
        EXECUTE format(
            'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
            parent, coming, start_date::timestamptz, end_date::timestamptz
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.exchange_partition(regclass, regclass, regclass, date, date, timestamptz) IS
'On this node alone: takes one partition out (null: none) and puts another in (null: none). Harmless when it is done
already; fails when it gets to it only after the moment before';

ALTER FUNCTION camgrid.exchange_partition(regclass, regclass, regclass, date, date, timestamptz) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.exchange_partition(regclass, regclass, regclass, date, date, timestamptz) FROM PUBLIC;
