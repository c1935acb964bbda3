CREATE OR REPLACE FUNCTION camgrid.clear_alert(alert_id bigint, current_value numeric, by_whom text, note text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    gone camgrid.alerts;
BEGIN
    -- What never came to be an alert is no history.
    DELETE FROM camgrid.alerts AS a WHERE a.id = clear_alert.alert_id AND a.status = 'pending';
    UPDATE camgrid.alerts AS a
    SET
        resolved_at = now(),
        resolved_by = clear_alert.by_whom,
        note = coalesce(clear_alert.note, a.note),
        current_value = coalesce(clear_alert.current_value, a.current_value)
    WHERE a.id = clear_alert.alert_id AND a.status IN ('open', 'acknowledged')
    RETURNING a.* INTO gone;
    IF FOUND THEN
        INSERT INTO camgrid.scaling_log (trigger_type, subject, current_value, threshold_value, action, alert_id)
        VALUES (gone.trigger_type, gone.subject, gone.current_value, gone.threshold_value, 'none', gone.id);
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.clear_alert(bigint, numeric, text, text) IS
'Ends an alert, and notes that in scaling_log; one that was pending leaves no trace';

REVOKE ALL ON FUNCTION camgrid.clear_alert(bigint, numeric, text, text) FROM PUBLIC;
