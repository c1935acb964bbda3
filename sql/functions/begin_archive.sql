CREATE OR REPLACE FUNCTION camgrid.begin_archive(
    table_name text, start_date date, OUT plain text, OUT archive text, OUT plain_attached boolean
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "citus.multi_shard_modify_mode" = 'sequential'
SET timezone = 'UTC'
AS $$
DECLARE
    month CONSTANT date := camgrid.check_month(table_name, start_date);
    month_end CONSTANT date := month + interval '1 month';
    attached text;
    filled boolean;
BEGIN
    IF NOT camgrid.has_columnar() OR NOT camgrid.is_distributed(table_name) THEN
        RAISE EXCEPTION 'months are archived only where Citus and its columnar storage are'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    IF month_end > now() THEN
        RAISE EXCEPTION 'the month % is not over', to_char(month, 'YYYY-MM') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT p.partition_name INTO attached FROM camgrid.list_partitions(table_name) AS p WHERE p.start_date = month;
    IF attached IS NULL THEN
        RAISE EXCEPTION 'camgrid.% has no month %', table_name, to_char(month, 'YYYY-MM')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    plain_attached := attached NOT LIKE '%\_cold';
    plain := regexp_replace(attached, '_cold$', '');
    archive := plain || '_cold';
    IF NOT plain_attached AND to_regclass(format('camgrid.%I', plain)) IS NULL THEN
        plain := NULL;  -- archived, and nothing of it is left to do
        RETURN;
    END IF;
    IF camgrid.shards_moving() THEN
        RAISE EXCEPTION 'shards are being moved' USING ERRCODE = 'lock_not_available';
    END IF;
    IF plain_attached AND to_regclass(format('camgrid.%I', archive)) IS NOT NULL THEN
        -- Citus cannot plan this without the 1.
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM camgrid.%I)', archive) INTO filled;
        IF NOT filled THEN
            -- A copy that was killed: what it wrote takes room for ever, because nothing columnar is vacuumed.
            EXECUTE format('DROP TABLE camgrid.%I', archive);
        END IF;
    END IF;
    IF to_regclass(format('camgrid.%I', archive)) IS NULL THEN
        -- The constraint says what the bounds will say, so that putting the table in need not read it.
        EXECUTE format(
            'CREATE TABLE camgrid.%I (LIKE camgrid.%I INCLUDING ALL, CONSTRAINT %I CHECK ("timestamp" >= %L AND "timestamp" < %L))'
            ' USING columnar', archive, table_name, archive || '_month', month::timestamptz, month_end::timestamptz
        );
        EXECUTE 'SELECT create_distributed_table($1, $2, colocate_with => $3)'
        USING format('camgrid.%I', archive)::regclass, 'camera_id', format('camgrid.%I', table_name);
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.begin_archive(text, date) IS
'Names of a month''s plain and columnar table, which it makes where it is not there; plain is null when the month is
archived, plain_attached is false when what is left is to remove the plain one';

ALTER FUNCTION camgrid.begin_archive(text, date) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.begin_archive(text, date) FROM PUBLIC;
