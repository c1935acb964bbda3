CREATE OR REPLACE FUNCTION camgrid.acknowledge_alert(alert_id bigint, note text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE camgrid.alerts AS a
    SET
        -- The operator's own name where the command says it: it logs in as somebody else.
        acknowledged_at = coalesce(a.acknowledged_at, now()),
        acknowledged_by = coalesce(a.acknowledged_by, nullif(current_setting('camgrid.operator', TRUE), ''), session_user),
        note = coalesce(acknowledge_alert.note, a.note)
    WHERE a.id = acknowledge_alert.alert_id AND a.status IN ('open', 'acknowledged');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no open alert %', alert_id USING ERRCODE = 'no_data_found';
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.acknowledge_alert(bigint, text) IS
'Notes that somebody is at it, and what they say; the first name stays. The alert stands until its cause is gone';

REVOKE ALL ON FUNCTION camgrid.acknowledge_alert(bigint, text) FROM PUBLIC;
