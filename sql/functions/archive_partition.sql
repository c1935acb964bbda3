-- No pinned search_path: a procedure that has one may not commit. Every name is qualified instead.
-- Whatever step it dies in, the next run begins with what the tables are then.
CREATE OR REPLACE PROCEDURE camgrid.archive_partition(table_name text, start_date date, INOUT outcome text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    month CONSTANT date := camgrid.check_month(table_name, start_date);
    plain text;
    archive text;
    plain_attached boolean;
    found record;
    began timestamptz;
    until timestamptz;
    lease interval;
    step text := 'begin';
    attempts integer := 0;
BEGIN
    WHILE step NOT IN ('archived', 'nothing to do', 'refused') LOOP
        BEGIN
            CASE step
                WHEN 'begin' THEN
                    SELECT b.plain, b.archive, b.plain_attached INTO plain, archive, plain_attached
                    FROM camgrid.begin_archive(table_name, month) AS b;
                    step := CASE WHEN plain IS NULL THEN 'nothing to do' ELSE 'copy' END;
                WHEN 'copy' THEN
                    RAISE NOTICE '%: copying to %', plain, archive;
                    began := pg_catalog.clock_timestamp();
                    PERFORM camgrid.copy_to_archive(plain, archive);
                    lease := (interval '1 minute' + 4 * (pg_catalog.clock_timestamp() - began)) * (attempts + 1);
                    step := 'hold off';
                WHEN 'hold off' THEN
                    RAISE NOTICE '%: comparing, writes to this month are held off', plain;
                    until := pg_catalog.clock_timestamp() + lease;
                    PERFORM camgrid.hold_off_month(plain, until);
                    step := 'compare';
                WHEN 'compare' THEN
                    PERFORM camgrid.copy_to_archive(plain, archive);
                    found := camgrid.compare_archive(plain, archive);
                    IF found.missing > 0 AND NOT plain_attached THEN
                        RAISE EXCEPTION '% row(s) of % have other values in %', found.missing, plain, archive
                            USING ERRCODE = 'data_exception';
                    ELSIF found.missing > 0 OR (plain_attached AND found.extra > 0) THEN
                        -- A row was changed or deleted while it was copied, and nothing columnar can be.
                        PERFORM camgrid.remove_partition(archive);
                        attempts := attempts + 1;
                        outcome := 'rows are changed during every copy';
                        step := CASE WHEN attempts < 10 THEN 'begin' ELSE 'refused' END;
                    ELSE
                        step := CASE WHEN plain_attached THEN 'exchange' ELSE 'finish' END;
                    END IF;
                WHEN 'exchange' THEN
                    RAISE NOTICE '%: % rows are the same, exchanging', plain, found.row_count;
                    PERFORM camgrid.exchange_month(
                        table_name, month, plain, archive, until - interval '5 seconds', FALSE
                    );
                    plain_attached := FALSE;
                    step := 'finish';
                ELSE
                    PERFORM camgrid.finish_archive(
                        table_name, month, plain, archive, until - interval '5 seconds'
                    );
                    step := 'archived';
            END CASE;
        EXCEPTION
            WHEN lock_not_available OR deadlock_detected OR object_not_in_prerequisite_state
            OR internal_error THEN
                attempts := attempts + 1;
                outcome := SQLERRM;
                -- Again, or back to what is certain when the time for which writes are held off runs out.
                step := CASE
                    WHEN attempts >= 10 OR SQLSTATE = 'XX000' THEN 'refused'
                    WHEN step IN ('exchange', 'finish') AND pg_catalog.clock_timestamp() < until - interval '10 seconds' THEN step
                    ELSE 'begin'
                END;
                PERFORM pg_catalog.pg_sleep(0.3 + pg_catalog.random());
            WHEN OTHERS THEN
                outcome := SQLERRM;
                step := 'refused';
        END;
        COMMIT;
    END LOOP;
    IF step = 'refused' THEN
        BEGIN
            IF plain_attached THEN
                PERFORM camgrid.hold_off_month(plain, NULL);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            -- It ends by itself.
            outcome := pg_catalog.format('%s (and: %s)', outcome, SQLERRM);
        END;
        INSERT INTO camgrid.partition_log (table_name, partition_name, start_date, end_date, action, detail)
        VALUES (
            table_name, coalesce(plain, table_name), month, (month + interval '1 month')::date, 'refused',
            'archive: ' || outcome
        );
        outcome := 'refused: ' || outcome;
    ELSE
        outcome := step;
    END IF;
END;
$$;

COMMENT ON PROCEDURE camgrid.archive_partition (text, date, text) IS
'Makes a month columnar while everything runs; goes on with what an earlier run left. outcome: archived, nothing to do,
or refused with the reason, which is in partition_log too. CALL it outside a transaction';

REVOKE ALL ON PROCEDURE camgrid.archive_partition(text, date, text) FROM PUBLIC;
