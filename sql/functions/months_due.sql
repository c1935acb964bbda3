CREATE OR REPLACE FUNCTION camgrid.months_due() RETURNS TABLE (table_name text, start_date date, action text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
    WITH month AS (
        SELECT t.name, p.start_date, p.partition_name LIKE '%\_cold' AS archived, rule.archive_after_months, rule.drop_after_months
        FROM camgrid.partitioned_tables() AS t (name)
        CROSS JOIN LATERAL camgrid.partition_rule(t.name) AS rule
        CROSS JOIN LATERAL camgrid.list_partitions(t.name) AS p
    ),
    -- What an earlier run has begun is finished, whatever the rules say now.
    begun AS (
        SELECT
            l.table_name, l.start_date,
            (array_agg(l.action ORDER BY l.id DESC) FILTER (WHERE l.action <> 'refused'))[1] = 'detached' AS detached
        FROM camgrid.partition_log AS l
        LEFT JOIN pg_class AS c
            ON c.relnamespace = to_regnamespace('camgrid') AND c.relkind = 'r' AND NOT c.relispartition
            AND c.relname IN (l.partition_name || '_cold', regexp_replace(l.partition_name, '_cold$', ''))
        GROUP BY l.table_name, l.start_date
        HAVING count(c.oid) > 0
    ),
    due AS (
        SELECT b.table_name AS name, b.start_date, CASE WHEN b.detached THEN 'drop' ELSE 'archive' END AS action FROM begun AS b
        UNION
        SELECT m.name, m.start_date, 'drop'
        FROM month AS m
        WHERE m.start_date < date_trunc('month', now()) - make_interval(months => m.drop_after_months)
        UNION
        SELECT m.name, m.start_date, 'archive'
        FROM month AS m
        WHERE NOT m.archived AND camgrid.has_columnar()
            AND m.start_date < date_trunc('month', now()) - make_interval(months => m.archive_after_months)
            AND (m.start_date < date_trunc('month', now()) - make_interval(months => m.drop_after_months)) IS NOT TRUE
    )
    SELECT d.name, d.start_date, d.action
    FROM due AS d
    LEFT JOIN camgrid.partition_log AS l
        ON l.table_name = d.name AND l.start_date = d.start_date AND l.action = 'refused'
        AND l.created_at > now() - interval '7 days'
    GROUP BY d.name, d.start_date, d.action
    -- Those that were refused lately come last, so that none keeps the others from their turn.
    ORDER BY count(l.id), d.start_date, d.name
$$;

COMMENT ON FUNCTION camgrid.months_due() IS
'Months that the rules want to be archived or dropped, and those with which an earlier run did not come to its end';

REVOKE ALL ON FUNCTION camgrid.months_due() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.months_due() TO camgrid_monitor;
