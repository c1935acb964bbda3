CREATE OR REPLACE FUNCTION camgrid.begin_drop(table_name text, start_date date) RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    month CONSTANT date := camgrid.check_month(table_name, start_date);
    month_end CONSTANT date := month + interval '1 month';
    partition text;
    row_count bigint;
BEGIN
    IF month_end > now() THEN
        RAISE EXCEPTION 'the month % is not over', to_char(month, 'YYYY-MM') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT p.partition_name INTO partition FROM camgrid.list_partitions(table_name) AS p WHERE p.start_date = month;
    IF partition IS NULL THEN
        -- Taken out by an earlier run that did not come to its end.
        SELECT l.partition_name INTO partition
        FROM camgrid.partition_log AS l
        WHERE l.table_name = begin_drop.table_name AND l.start_date = month AND l.action <> 'refused'
        GROUP BY l.partition_name HAVING max(l.id) = max(l.id) FILTER (WHERE l.action = 'detached');
        RETURN partition;
    END IF;
    IF partition LIKE '%\_cold' AND to_regclass(format('camgrid.%I', regexp_replace(partition, '_cold$', ''))) IS NOT NULL
        OR to_regclass(format('camgrid.%I', partition || '_cold')) IS NOT NULL THEN
        RAISE EXCEPTION 'an archive of % is not finished', partition
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'camgrid partitions archive finishes it.';
    END IF;
    EXECUTE format('SELECT count(*) FROM camgrid.%I', partition) INTO row_count;
    IF table_name = 'counting_results' AND (
        (row_count > 0 AND (SELECT s.noted_since FROM camgrid.rollup_state AS s) > month)
        OR EXISTS (SELECT 1 FROM camgrid.rollup_changes AS c WHERE c.quarter >= month AND c.quarter < month_end)
    ) THEN
        RAISE EXCEPTION 'the rollups do not have all results of % yet, and would never get them', partition
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'See rollup_health(); try again when it is fresh.';
    END IF;
    INSERT INTO camgrid.partition_log (table_name, partition_name, start_date, end_date, action, row_count, bytes_before)
    VALUES (table_name, partition, month, month_end, 'detached', row_count, camgrid.partition_bytes(partition));
    -- Last, because everybody waits until it is committed.
    PERFORM camgrid.exchange_month(table_name, month, partition, NULL, 'infinity', FALSE);
    RETURN partition;
END;
$$;

COMMENT ON FUNCTION camgrid.begin_drop(text, date) IS
'Takes a month out of its parent on the coordinator and says so in partition_log; returns its name, also when it was
taken out before and is not dropped yet, or null when there is no such month';

ALTER FUNCTION camgrid.begin_drop(text, date) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.begin_drop(text, date) FROM PUBLIC;
