CREATE OR REPLACE FUNCTION camgrid.check_month(table_name text, start_date date) RETURNS date
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF table_name IS NULL OR table_name NOT IN (SELECT camgrid.partitioned_tables()) THEN
        RAISE EXCEPTION 'camgrid.% is not partitioned by month', coalesce(table_name, 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'One of: ' || (SELECT string_agg(t, ', ') FROM camgrid.partitioned_tables() AS t);
    END IF;
    IF start_date IS NULL OR start_date NOT BETWEEN '1970-01-01' AND '2200-01-31' THEN
        RAISE EXCEPTION 'start_date % is no month to keep data for', coalesce(start_date::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN date_trunc('month', start_date::timestamp);
END;
$$;

COMMENT ON FUNCTION camgrid.check_month(text, date) IS
'The first day of the month that a day is in; fails for a table without months and for days that are a mistake';
