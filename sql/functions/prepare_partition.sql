CREATE OR REPLACE FUNCTION camgrid.prepare_partition(table_name text, start_date date) RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "citus.multi_shard_modify_mode" = 'sequential'
SET lock_timeout = '5s'
AS $$
DECLARE
    month CONSTANT date := camgrid.check_month(table_name, start_date);
    month_end CONSTANT date := month + interval '1 month';
    partition_name CONSTANT text := format('%s_y%sm%s', table_name, to_char(month, 'YYYY'), to_char(month, 'MM'));
BEGIN
    -- Two sessions that want the same month: the second finds it made.
    PERFORM pg_advisory_xact_lock(hashtextextended('camgrid.create_monthly_partition', 0));
    IF EXISTS (SELECT FROM camgrid.list_partitions(table_name) AS p WHERE p.start_date = month) THEN
        -- Whoever made it may have been stopped before its shards were put in.
        RETURN (SELECT l.partition_name FROM camgrid.partition_log AS l
            WHERE l.table_name = prepare_partition.table_name AND l.start_date = month
                AND l.action IN ('prepared', 'created')
            GROUP BY l.partition_name HAVING max(l.id) = max(l.id) FILTER (WHERE l.action = 'prepared')
        );
    END IF;
    IF to_regclass(format('camgrid.%I', partition_name)) IS NULL THEN
        EXECUTE format('CREATE TABLE camgrid.%I (LIKE camgrid.%I INCLUDING ALL)', partition_name, table_name);
    END IF;
    IF camgrid.is_distributed(table_name) AND NOT camgrid.is_distributed(partition_name) THEN
        EXECUTE 'SELECT create_distributed_table($1, $2, colocate_with => $3)'
        USING format('camgrid.%I', partition_name)::regclass, 'camera_id', format('camgrid.%I', table_name);
    END IF;
    -- In the transaction that made the shards: while it lasts, Citus moves none. A move that begins later puts the
    -- shards of this month where the coordinator has the table, into their parents.
    PERFORM camgrid.exchange_partition(
        format('camgrid.%I', table_name), NULL, format('camgrid.%I', partition_name), month, month_end
    );
    INSERT INTO camgrid.partition_log (table_name, partition_name, start_date, end_date, action)
    VALUES (table_name, partition_name, month, month_end, 'prepared');
    RETURN partition_name;
END;
$$;

COMMENT ON FUNCTION camgrid.prepare_partition(text, date) IS
'Makes the table for a month, whose shards are not in their parents yet; returns its name, or null when the month is
there';

ALTER FUNCTION camgrid.prepare_partition(text, date) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.prepare_partition(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.prepare_partition(text, date) TO camgrid_writer;
