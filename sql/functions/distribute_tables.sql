CREATE OR REPLACE FUNCTION camgrid.distribute_tables() RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text;
    done integer := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN 0;
    END IF;
    IF NOT camgrid.is_distributed('cameras') THEN
        PERFORM create_reference_table('camgrid.cameras');
        done := done + 1;
    END IF;
    FOR wanted IN SELECT camgrid.partitioned_tables() LOOP
        IF NOT camgrid.is_distributed(wanted) THEN
            -- All of one camera is on one node: its events beside its counts.
            PERFORM create_distributed_table(
                format('camgrid.%I', wanted), 'camera_id',
                colocate_with => CASE wanted WHEN 'counting_results' THEN 'none' ELSE 'camgrid.counting_results' END
            );
            done := done + 1;
        END IF;
    END LOOP;
    RETURN done;
END;
$$;

COMMENT ON FUNCTION camgrid.distribute_tables() IS
'Spreads the tables over the worker groups by camera, where Citus is there; returns how many it had to spread';

REVOKE ALL ON FUNCTION camgrid.distribute_tables() FROM PUBLIC;
