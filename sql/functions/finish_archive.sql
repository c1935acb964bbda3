CREATE OR REPLACE FUNCTION camgrid.finish_archive(
    table_name text, start_date date, plain text, archive text, before timestamptz
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "citus.multi_shard_modify_mode" = 'sequential'
AS $$
DECLARE
    found record;
    bytes_before CONSTANT bigint := camgrid.partition_bytes(plain);
BEGIN
    -- A move that began before the coordinator's table was exchanged puts the shards as they were where it ends.
    PERFORM camgrid.exchange_month(table_name, start_date, plain, archive, before, TRUE);
    IF camgrid.shards_moving() THEN
        RAISE EXCEPTION 'shards are being moved' USING ERRCODE = 'lock_not_available';
    END IF;
    PERFORM camgrid.exchange_month(table_name, start_date, plain, archive, before, TRUE);
    found := camgrid.compare_archive(plain, archive);
    IF found.missing > 0 THEN
        RAISE EXCEPTION '% row(s) of camgrid.% are not in camgrid.%, which has taken its place', found.missing, plain, archive
            USING ERRCODE = 'data_exception', HINT = 'Both are kept. Compare them by their primary keys.';
    END IF;
    EXECUTE format('DROP TABLE camgrid.%I', plain);
    INSERT INTO camgrid.partition_log (
        table_name, partition_name, start_date, end_date, action, row_count, bytes_before, bytes_after
    ) VALUES (
        table_name, archive, start_date, start_date + interval '1 month', 'archived',
        found.row_count, bytes_before, camgrid.partition_bytes(archive)
    );
END;
$$;

COMMENT ON FUNCTION camgrid.finish_archive(text, date, text, text, timestamptz) IS
'Looks once more whether every row of a month''s plain table is in the columnar one that took its place, and drops it';

ALTER FUNCTION camgrid.finish_archive(text, date, text, text, timestamptz) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.finish_archive(text, date, text, text, timestamptz) FROM PUBLIC;
