-- The partition is made on its own and then attached: that waits for no insert and lets none wait, while
-- CREATE TABLE ... PARTITION OF takes the whole table for itself. Citus distributes it as it is attached.
CREATE OR REPLACE FUNCTION camgrid.create_monthly_partition(table_name text, start_date date) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Two connections do the work of 64 shards in half the time that opening 16 for it takes.
SET "citus.multi_shard_modify_mode" = 'sequential'
SET "citus.propagate_set_commands" = 'local'
SET lock_timeout = '100ms'
SET timezone = 'UTC'
AS $$
DECLARE
    month_start CONSTANT date := camgrid.check_month(table_name, start_date);
    month_end CONSTANT date := month_start + interval '1 month';
    partition_name CONSTANT text := format('%s_y%sm%s', table_name, to_char(month_start, 'YYYY'), to_char(month_start, 'MM'));
BEGIN
    -- Two sessions that want the same month: the second finds it made.
    PERFORM pg_advisory_xact_lock(hashtextextended('camgrid.create_monthly_partition', 0));
    IF EXISTS (SELECT FROM camgrid.list_partitions(table_name) AS p WHERE p.start_date = month_start) THEN
        RETURN;
    END IF;
    -- Citus renames the partition's indexes under a lock that a running COPY bars. Waiting for it would make inserts
    -- wait too: give up soon, on the workers as well, and let the caller try again.
    SET LOCAL lock_timeout = '100ms';
    EXECUTE format('CREATE TABLE IF NOT EXISTS camgrid.%I (LIKE camgrid.%I INCLUDING ALL)', partition_name, table_name);
    EXECUTE format(
        'ALTER TABLE camgrid.%I ATTACH PARTITION camgrid.%I FOR VALUES FROM (%L) TO (%L)',
        table_name, partition_name, month_start::timestamptz, month_end::timestamptz
    );
    INSERT INTO camgrid.partition_log (table_name, partition_name, start_date, end_date)
    VALUES (table_name, partition_name, month_start, month_end);
END;
$$;

COMMENT ON FUNCTION camgrid.create_monthly_partition(text, date) IS
'Makes the partition of a table for the month (UTC) that start_date is in; harmless when it is there. Fails with
lock_not_available rather than let inserts wait behind a long COPY: try again. Inserts wait while it commits: where that
matters, CALL make_partition()';

ALTER FUNCTION camgrid.create_monthly_partition(text, date) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.create_monthly_partition(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.create_monthly_partition(text, date) TO camgrid_writer;
