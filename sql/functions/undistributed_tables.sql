CREATE OR REPLACE FUNCTION camgrid.undistributed_tables()
RETURNS TABLE (table_name text, has_rows boolean, statement text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN;
    END IF;
    table_name := 'cameras';
    IF NOT camgrid.is_distributed(table_name) THEN
        SELECT EXISTS (SELECT FROM camgrid.cameras) INTO has_rows;
        statement := 'SELECT create_reference_table(''camgrid.cameras'')';
        RETURN NEXT;
    END IF;
    -- The notes on changed results come first: a result that is moved finds them on its new node.
    FOR table_name IN
        SELECT unnest(ARRAY['rollup_changes'] || ARRAY(SELECT camgrid.partitioned_tables())
            || ARRAY['counts_hourly', 'counts_daily', 'camera_latest'])
    LOOP
        CONTINUE WHEN camgrid.is_distributed(table_name);
        EXECUTE format('SELECT EXISTS (SELECT FROM camgrid.%I)', table_name) INTO has_rows;
        -- All of one camera is on one node: its events and sums beside its counts. Without rows there is nothing to wait for;
        -- with rows they are copied while writes go on, which no transaction and no function can do.
        statement := format(
            'SELECT %s(%L, ''camera_id'', colocate_with => %L)',
            CASE WHEN has_rows THEN 'create_distributed_table_concurrently' ELSE 'create_distributed_table' END,
            format('camgrid.%I', table_name),
            CASE
                WHEN camgrid.is_distributed('counting_results') THEN 'camgrid.counting_results'
                WHEN table_name = 'rollup_changes' THEN 'none'
                ELSE 'camgrid.rollup_changes'
            END
        );
        RETURN NEXT;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION camgrid.undistributed_tables() IS
'Tables that are to be spread over the worker groups and are not, in the order in which to run the statements that do
it, each outside of a transaction; none without Citus';

REVOKE ALL ON FUNCTION camgrid.undistributed_tables() FROM PUBLIC;
