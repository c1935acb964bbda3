CREATE OR REPLACE FUNCTION camgrid.months_missing(months_ahead integer DEFAULT NULL)
RETURNS TABLE (table_name text, start_date date)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
    IF months_ahead NOT BETWEEN 0 AND 120 THEN
        RAISE EXCEPTION 'months_ahead is %, not between 0 and 120', months_ahead
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Last month too: rows that come late around midnight of the first belong to it.
    RETURN QUERY
    SELECT t.name, wanted.month
    FROM camgrid.partitioned_tables() AS t (name)
    LEFT JOIN LATERAL camgrid.partition_rule(t.name) AS rule ON TRUE
    CROSS JOIN LATERAL generate_series(-1, coalesce(months_missing.months_ahead, rule.months_ahead, 3)) AS m (number)
    CROSS JOIN LATERAL (SELECT (date_trunc('month', now()) + make_interval(months => m.number))::date) AS wanted (month)
    WHERE NOT EXISTS (SELECT FROM camgrid.list_partitions(t.name) AS p WHERE p.start_date = wanted.month)
    UNION
    -- Begun and not finished.
    SELECT l.table_name, l.start_date
    FROM camgrid.partition_log AS l
    WHERE l.action IN ('prepared', 'created')
    GROUP BY l.table_name, l.start_date HAVING max(l.id) = max(l.id) FILTER (WHERE l.action = 'prepared')
    ORDER BY 2, 1;
END;
$$;

COMMENT ON FUNCTION camgrid.months_missing(integer) IS
'Months from last month on that ought to be there and are not; months_ahead: instead of what the rules say';

REVOKE ALL ON FUNCTION camgrid.months_missing(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.months_missing(integer) TO camgrid_monitor;
