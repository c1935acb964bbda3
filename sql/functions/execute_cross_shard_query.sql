CREATE OR REPLACE FUNCTION camgrid.execute_cross_shard_query(
    query_template text, params jsonb DEFAULT '{}', timeout_seconds integer DEFAULT 30
)
RETURNS TABLE (
    shard_id bigint, result_count bigint, execution_time numeric, node_name text, citus_group integer, reason text
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    here text;
    placements json[];
    node record;
    line json;
    answers json[] := '{}';
    message text;
    detail text;
    origin text;
    callers boolean;
BEGIN
    IF timeout_seconds IS NULL OR timeout_seconds NOT BETWEEN 1 AND 3600 THEN
        RAISE 'timeout_seconds is %, which is not between 1 and 3600', timeout_seconds
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF coalesce(query_template, '') !~ '\S' THEN
        RAISE 'query_template is empty' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'It is a condition over counting_results, such as: camera_id = ($1->>''camera'')::int';
    END IF;
    -- A session of this node asks for each other node, so that all work at once and one that is frozen holds nobody up.
    here := format(
        'host=%s port=%s dbname=%s user=postgres application_name=camgrid_query options=-cstatement_timeout=%s',
        split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(),
        (timeout_seconds + 3) * 1000
    );
    -- Looked at once: a primary may be replaced meanwhile.
    SELECT array_agg(row_to_json(p)) INTO placements FROM camgrid.shard_placements() AS p;
    FOR node IN
        SELECT 'camgrid_query_' || (p.line ->> 'node_name') AS session, p.line ->> 'node_name' AS name,
            array_agg(p.line ->> 'shard_name') AS shards
        FROM unnest(placements) AS p (line) WHERE (p.line ->> 'is_active')::boolean GROUP BY 2
    LOOP
        -- What a call that was cancelled has left.
        IF node.session = ANY(dblink.dblink_get_connections()) THEN
            PERFORM dblink.dblink_disconnect(node.session);
        END IF;
        PERFORM dblink.dblink_connect(node.session, here);
        -- The condition is run by a login of the role that may only read, so it can do what that role can and no more.
        PERFORM dblink.dblink_send_query(node.session, format(
            'SELECT a.line FROM dblink.dblink(%L, %L) AS a (line json)',
            format(
                'host=%s port=%s dbname=%s user=camgrid_reporter application_name=camgrid_query sslmode=verify-full '
                'sslrootcert=%s sslcert=%s sslkey=%s options=''-cstatement_timeout=%s -cdefault_transaction_read_only=on''',
                node.name, current_setting('port'), current_database(), current_setting('ssl_ca_file'),
                current_setting('ssl_cert_file'), current_setting('ssl_key_file'), timeout_seconds * 1000
            ),
            format(
                'SELECT row_to_json(c) FROM camgrid.count_on_shards(%L, %L, %L) AS c',
                node.shards, query_template, params
            )
        ));
    END LOOP;
    FOR node IN
        SELECT DISTINCT 'camgrid_query_' || (p.line ->> 'node_name') AS session, p.line ->> 'node_name' AS name
        FROM unnest(placements) AS p (line) WHERE (p.line ->> 'is_active')::boolean
    LOOP
        BEGIN
            FOR line IN SELECT a.line FROM dblink.dblink_get_result(node.session) AS a (line json) LOOP
                IF line ->> 'code' LIKE '42%' THEN
                    RAISE '%', line ->> 'reason' USING ERRCODE = line ->> 'code', DETAIL = 'camgrid';
                END IF;
                answers := answers || line;
            END LOOP;
            PERFORM dblink.dblink_disconnect(node.session);
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, origin = PG_EXCEPTION_CONTEXT;
            callers := detail = 'camgrid' OR (SQLSTATE = '57014' AND position('dblink connection' IN origin) = 0);
            PERFORM dblink.dblink_disconnect(s.name) FROM unnest(dblink.dblink_get_connections()) AS s (name)
            WHERE s.name = node.session OR (callers AND starts_with(s.name, 'camgrid_query_'));
            IF callers AND detail <> 'camgrid' THEN
                RAISE;
            ELSIF callers THEN
                RAISE 'query_template: %', message USING ERRCODE = SQLSTATE,
                    HINT = 'It is one condition over counting_results, in which $1 is params, such as: '
                        'camera_id = ($1->>''camera'')::int';
            END IF;
            answers := answers || json_build_object('silent', node.name, 'reason', CASE SQLSTATE
                WHEN '57014' THEN format('does not answer within %s seconds', timeout_seconds + 3)
                ELSE coalesce(nullif(detail, ''), message) END);
        END;
    END LOOP;
    RETURN QUERY
    SELECT
        p.shard_id, (a.line ->> 'result_count')::bigint, (a.line ->> 'execution_time')::numeric, p.node_name,
        p.citus_group,
        CASE
            WHEN NOT p.is_active THEN 'Citus has switched its node or this copy off'
            WHEN a.line IS NULL THEN coalesce(silent.line ->> 'reason', 'its node did not say')
            ELSE a.line ->> 'reason'
        END
    FROM unnest(placements) AS asked (line)
    CROSS JOIN LATERAL json_to_record(asked.line) AS p (
        shard_id bigint, shard_name text, node_name text, citus_group integer, is_active boolean
    )
    LEFT JOIN unnest(answers) AS a (line) ON a.line ->> 'shard_name' = p.shard_name
    LEFT JOIN unnest(answers) AS silent (line) ON silent.line ->> 'silent' = p.node_name
    ORDER BY 3 DESC NULLS FIRST, 1;
END;
$$;

COMMENT ON FUNCTION camgrid.execute_cross_shard_query(text, jsonb, integer) IS
'Rows of each shard of counting_results that meet a condition in which $1 is params, such as
camera_id = ($1->>''camera'')::int: counted by camgrid_reporter in read-only transactions on all nodes at once, with the
seconds each took there, slowest first. Each node has timeout_seconds for all of its shards. Where there is no count,
reason says why';

REVOKE ALL ON FUNCTION camgrid.execute_cross_shard_query(text, jsonb, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION camgrid.execute_cross_shard_query(text, jsonb, integer) TO camgrid_reporter, camgrid_reader;
