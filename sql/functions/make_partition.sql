-- No pinned search_path: a procedure that has one may not commit. Every name is qualified instead.
CREATE OR REPLACE PROCEDURE camgrid.make_partition(table_name text, start_date date)
LANGUAGE plpgsql
AS $$
DECLARE
    prepared text;
    step text := 'prepare';
    attempts integer := 0;
BEGIN
    WHILE step <> 'done' LOOP
        attempts := attempts + 1;
        BEGIN
            IF step = 'prepare' THEN
                prepared := camgrid.prepare_partition(table_name, start_date);
                step := CASE WHEN prepared IS NULL THEN 'done' ELSE 'attach' END;
            ELSE
                PERFORM camgrid.attach_prepared(table_name, start_date, prepared);
                step := 'done';
            END IF;
        EXCEPTION WHEN lock_not_available OR deadlock_detected OR internal_error THEN
            -- While a shard moves, Citus refuses new tables beside it, and has no code of its own for that.
            IF attempts >= 60 OR (SQLSTATE = 'XX000' AND SQLERRM NOT LIKE '%lock required to colocate%') THEN
                RAISE;
            END IF;
            PERFORM pg_catalog.pg_sleep(1);
        END;
        COMMIT;
    END LOOP;
END;
$$;

COMMENT ON PROCEDURE camgrid.make_partition (text, date) IS
'Makes the month (UTC) that start_date is in, in steps of their own that no insert waits for; goes on with what an
earlier run left half done, and waits for a minute while shards are moved. CALL it outside a transaction';

REVOKE ALL ON PROCEDURE camgrid.make_partition(text, date) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE camgrid.make_partition(text, date) TO camgrid_writer;
