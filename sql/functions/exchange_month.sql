CREATE OR REPLACE FUNCTION camgrid.exchange_month(
    table_name text, start_date date, leaving text, coming text, before timestamptz, shards boolean
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '50ms'
AS $$
DECLARE
    month_end CONSTANT date := start_date + interval '1 month';
BEGIN
    IF shards THEN
        PERFORM camgrid.run_on_shards(
            format(
                'SELECT camgrid.exchange_partition(%%1$s, %%2$s, %s, %L, %L, %L)',
                CASE WHEN coming IS NULL THEN 'NULL' ELSE '%3$s' END, start_date, month_end, before
            ),
            array_remove(ARRAY[table_name, leaving, coming], NULL)
        );
    ELSE
        PERFORM camgrid.exchange_partition(
            format('camgrid.%I', table_name), format('camgrid.%I', leaving),
            CASE WHEN coming IS NOT NULL THEN format('camgrid.%I', coming) END, start_date, month_end, before
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.exchange_month(text, date, text, text, timestamptz, boolean) IS
'Takes a month''s table out and puts another in its place (null: none): on the coordinator, or with shards everywhere
else, a shard at a time. The coordinator goes first, because moves of shards follow it';

ALTER FUNCTION camgrid.exchange_month(text, date, text, text, timestamptz, boolean) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.exchange_month(text, date, text, text, timestamptz, boolean) FROM PUBLIC;
