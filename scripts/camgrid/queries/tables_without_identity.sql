-- Tables of the colocation group whose changes logical replication could not follow while their shards are copied.
SELECT p.logicalrelid::text AS table_name
FROM pg_dist_partition AS p
INNER JOIN pg_class AS c ON p.logicalrelid = c.oid
WHERE
    p.colocationid = (
        SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = 'camgrid.counting_results'::regclass
    )
    AND c.relreplident <> 'f'
    AND NOT EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = c.oid AND (i.indisreplident OR (i.indisprimary AND c.relreplident = 'd'))
    )
ORDER BY 1
