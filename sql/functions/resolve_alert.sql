CREATE OR REPLACE FUNCTION camgrid.resolve_alert(alert_id bigint, note text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM camgrid.alerts AS a
    WHERE a.id = resolve_alert.alert_id AND a.status IN ('open', 'acknowledged') FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no open alert %', alert_id USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM camgrid.clear_alert(
        alert_id, NULL, coalesce(nullif(current_setting('camgrid.operator', TRUE), ''), session_user), resolve_alert.note
    );
END;
$$;

COMMENT ON FUNCTION camgrid.resolve_alert(bigint, text) IS
'Ends an alert by hand. Where its cause still stands, another is raised when it has stood for its raise_after again';

REVOKE ALL ON FUNCTION camgrid.resolve_alert(bigint, text) FROM PUBLIC;
