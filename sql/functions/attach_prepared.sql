-- ALTER TABLE ... ATTACH PARTITION through Citus takes ShareRowExclusive locks on the indexes of all months of all
-- shards, to give them their names, and holds them until it has done the last shard: inserts wait all the time. The
-- names are right already. So each shard is attached on its own, which waits for nothing and lets nothing wait.
CREATE OR REPLACE FUNCTION camgrid.attach_prepared(table_name text, start_date date, partition_name text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    month CONSTANT date := camgrid.check_month(table_name, start_date);
    month_end CONSTANT date := month + interval '1 month';
BEGIN
    -- Only what prepare_partition made: a writer may call this.
    IF partition_name IS DISTINCT FROM format('%s_y%sm%s', table_name, to_char(month, 'YYYY'), to_char(month, 'MM')) THEN
        RAISE EXCEPTION '% is not how the month % of % is called', partition_name, month, table_name
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM camgrid.run_on_shards(
        format('SELECT camgrid.exchange_partition(%%1$s, NULL, %%2$s, %L, %L)', month, month_end),
        ARRAY[table_name, partition_name]
    );
    INSERT INTO camgrid.partition_log (table_name, partition_name, start_date, end_date)
    VALUES (table_name, partition_name, month, month_end);
END;
$$;

COMMENT ON FUNCTION camgrid.attach_prepared(text, date, text) IS
'Puts the shards of the table that prepare_partition made into their parents, one by one; harmless when they are there';

ALTER FUNCTION camgrid.attach_prepared(text, date, text) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.attach_prepared(text, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.attach_prepared(text, date, text) TO camgrid_writer;
