-- partitions: Monthly partitions of a table
-- partitions_until_timestamp_seconds: Until when a table has partitions
-- partitions_months_missing: Of last month, this one and the next, how many a table lacks
SELECT
    t.name AS table_name,
    (SELECT count(*) FROM camgrid.list_partitions(t.name)) AS partitions,
    (SELECT extract(EPOCH FROM max(p.end_date)) FROM camgrid.list_partitions(t.name) AS p) AS partitions_until_timestamp_seconds,
    (SELECT count(*) FROM camgrid.months_missing(1) AS m WHERE m.table_name = t.name) AS partitions_months_missing
FROM camgrid.partitioned_tables() AS t (name)
