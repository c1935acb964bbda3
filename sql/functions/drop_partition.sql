-- No pinned search_path: a procedure that has one may not commit. Every name is qualified instead.
CREATE OR REPLACE PROCEDURE camgrid.drop_partition(table_name text, start_date date, INOUT outcome text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    month CONSTANT date := camgrid.check_month(table_name, start_date);
    partition text;
    step text := 'begin';
    attempts integer := 0;
BEGIN
    WHILE step NOT IN ('dropped', 'nothing to do', 'refused') LOOP
        BEGIN
            CASE step
                WHEN 'begin' THEN
                    partition := camgrid.begin_drop(table_name, month);
                    step := CASE WHEN partition IS NULL THEN 'nothing to do' ELSE 'shards' END;
                WHEN 'shards' THEN
                    PERFORM camgrid.exchange_month(table_name, month, partition, NULL, 'infinity', TRUE);
                    step := 'drop';
                ELSE
                    PERFORM camgrid.remove_partition(partition);
                    INSERT INTO camgrid.partition_log (
                        table_name, partition_name, start_date, end_date, action, row_count, bytes_before, bytes_after
                    )
                    SELECT l.table_name, l.partition_name, l.start_date, l.end_date, 'dropped', l.row_count, l.bytes_before, 0
                    FROM camgrid.partition_log AS l
                    WHERE l.partition_name = partition AND l.action = 'detached'
                    ORDER BY l.id DESC LIMIT 1;
                    step := 'dropped';
            END CASE;
        EXCEPTION
            WHEN lock_not_available OR deadlock_detected THEN
                attempts := attempts + 1;
                outcome := SQLERRM;
                step := CASE WHEN attempts >= 20 THEN 'refused' ELSE step END;
                PERFORM pg_catalog.pg_sleep(0.3 + pg_catalog.random());
            WHEN OTHERS THEN
                outcome := SQLERRM;
                step := 'refused';
        END;
        COMMIT;
    END LOOP;
    IF step = 'refused' THEN
        INSERT INTO camgrid.partition_log (table_name, partition_name, start_date, end_date, action, detail)
        VALUES (
            table_name, coalesce(partition, table_name), month, (month + interval '1 month')::date, 'refused',
            'drop: ' || outcome
        );
        outcome := 'refused: ' || outcome;
    ELSE
        outcome := step;
    END IF;
END;
$$;

COMMENT ON PROCEDURE camgrid.drop_partition (text, date, text) IS
'Drops a month with its rows, while everything runs; goes on with what an earlier run left. outcome: dropped, nothing to
do, or refused with the reason. CALL it outside a transaction';

REVOKE ALL ON PROCEDURE camgrid.drop_partition(text, date, text) FROM PUBLIC;
