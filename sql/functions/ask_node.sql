CREATE OR REPLACE FUNCTION camgrid.ask_node(node_name text, query text)
RETURNS TABLE (answer json, reason text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    message text;
    detail text;
    origin text;
    -- dblink waits for ever for a node that is frozen, whatever connect_timeout says. So a second session of this node
    -- does the asking: its statement_timeout ends it. The node's own, which is shorter, ends what hangs over there.
    here CONSTANT text := format(
        'host=%s port=%s dbname=%s user=postgres application_name=camgrid_monitor options=-cstatement_timeout=3000',
        split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database()
    );
    there CONSTANT text := format(
        'host=%s port=%s dbname=%s user=postgres application_name=camgrid_monitor options=-cstatement_timeout=2000 '
        'sslmode=verify-full sslrootcert=%s sslcert=%s sslkey=%s',
        node_name, current_setting('port'), current_database(),
        current_setting('ssl_ca_file'), current_setting('ssl_cert_file'), current_setting('ssl_key_file')
    );
BEGIN
    RETURN QUERY
    SELECT a.line, NULL::text
    FROM dblink.dblink(here, format(
        'SELECT a.line FROM dblink.dblink(%L, %L) AS a (line json)',
        there, format('SELECT row_to_json(q) FROM (%s) AS q', query)
    )) AS a (line json);
EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, origin = PG_EXCEPTION_CONTEXT;
    -- The caller's own cancel is no answer of the node's.
    IF SQLSTATE = '57014' AND position('dblink connection' IN origin) = 0 THEN
        RAISE;
    END IF;
    RETURN QUERY SELECT NULL::json, CASE SQLSTATE WHEN '57014' THEN 'does not answer within seconds'
        ELSE coalesce(nullif(detail, ''), message) END;
END;
$$;

COMMENT ON FUNCTION camgrid.ask_node(text, text) IS
'What a query returns on another node, asked as the superuser with this node''s certificate: a row each, or one row with
the reason why there is no answer. Takes three seconds at most, and never fails because of the node';

REVOKE ALL ON FUNCTION camgrid.ask_node(text, text) FROM PUBLIC;
