CREATE OR REPLACE FUNCTION camgrid.run_on_shards(command text, table_names text[], tables_too boolean DEFAULT TRUE)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    failure text;
BEGIN
    IF NOT camgrid.is_distributed(table_names[1]) THEN
        RETURN;
    END IF;
    -- One connection to each node does its shards one after the other: many would open, lock and commit together.
    EXECUTE $query$
        WITH shard AS (
            SELECT
                t.place, t.name, s.shardid,
                row_number() OVER (PARTITION BY t.place ORDER BY s.shardminvalue::integer) AS number
            FROM unnest($2) WITH ORDINALITY AS t (name, place)
            JOIN pg_dist_shard AS s ON s.logicalrelid = to_regclass(format('camgrid.%I', t.name))
        ),
        command AS (
            SELECT
                n.nodename, n.nodeport, 1 AS turn, shard.number,
                format($1, VARIADIC array_agg(
                    quote_literal(format('camgrid.%I', shard.name || '_' || shard.shardid)) ORDER BY shard.place
                )) AS statement
            FROM shard
            JOIN pg_dist_placement AS p ON p.shardid = shard.shardid
            JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = 'primary'
            GROUP BY n.nodename, n.nodeport, shard.number
            UNION ALL
            SELECT n.nodename, n.nodeport, 2, 0, format($1, VARIADIC (
                SELECT array_agg(quote_literal(format('camgrid.%I', t.name)) ORDER BY t.place)
                FROM unnest($2) WITH ORDINALITY AS t (name, place)
            ))
            FROM pg_dist_node AS n
            WHERE $3 AND n.noderole = 'primary' AND n.groupid > 0 AND n.hasmetadata
        ),
        node AS (
            SELECT nodename, nodeport, format(
                'CALL camgrid.run_each(%L)', array_agg(statement ORDER BY turn, number)
            ) AS statement
            FROM command
            GROUP BY nodename, nodeport
        ),
        nodes AS (
            SELECT array_agg(nodename) AS names, array_agg(nodeport) AS ports, array_agg(statement) AS statements FROM node
        )
        SELECT min(format('%s: %s', done.node_name, done.result))
        FROM nodes, master_run_on_worker(nodes.names, nodes.ports, nodes.statements, TRUE) AS done
        WHERE NOT done.success
    $query$
    INTO failure USING command, table_names, tables_too;
    IF failure IS NOT NULL THEN
        RAISE EXCEPTION '%', failure USING ERRCODE = 'lock_not_available';
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.run_on_shards(text, text[], boolean) IS
'Runs a command, in which %1$s … stand for the quoted names of the tables'' shards, on every node for each of its
shards, a transaction each, and with tables_too for the tables on the workers. Does nothing without Citus';

ALTER FUNCTION camgrid.run_on_shards(text, text[], boolean) OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.run_on_shards(text, text[], boolean) FROM PUBLIC;
