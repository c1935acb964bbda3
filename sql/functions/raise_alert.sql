CREATE OR REPLACE FUNCTION camgrid.raise_alert(
    trigger_type text, subject text, current_value numeric, threshold_value numeric,
    detail text, action text, next_step text
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    rule camgrid.scaling_thresholds;
    standing camgrid.alerts;
    told CONSTANT text := format('%s; now %s, the threshold is %s', raise_alert.detail, raise_alert.current_value,
        trim_scale(raise_alert.threshold_value));
BEGIN
    SELECT * INTO STRICT rule FROM camgrid.scaling_thresholds AS t WHERE t.trigger_type = raise_alert.trigger_type;
    INSERT INTO camgrid.alerts AS a (
        trigger_type, subject, severity, title, message, next_step, current_value, threshold_value
    ) VALUES (
        raise_alert.trigger_type, raise_alert.subject, rule.severity, rule.title, told, raise_alert.next_step,
        raise_alert.current_value, raise_alert.threshold_value
    )
    ON CONFLICT (trigger_type, subject) WHERE resolved_at IS NULL DO UPDATE SET
        last_seen = now(), severity = excluded.severity, message = excluded.message, next_step = excluded.next_step,
        current_value = excluded.current_value, threshold_value = excluded.threshold_value
    RETURNING a.* INTO standing;
    IF standing.raised_at IS NULL AND now() - standing.created_at >= rule.raise_after THEN
        UPDATE camgrid.alerts AS a SET raised_at = now() WHERE a.id = standing.id;
        INSERT INTO camgrid.scaling_log (trigger_type, subject, current_value, threshold_value, action, alert_id)
        VALUES (
            raise_alert.trigger_type, raise_alert.subject, raise_alert.current_value, raise_alert.threshold_value,
            raise_alert.action, standing.id
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION camgrid.raise_alert(text, text, numeric, numeric, text, text, text) IS
'Notes that a cause stands. A new one is pending until it has stood for its raise_after; then it is an alert, and
in scaling_log. One that stands already is brought up to date, and told nobody twice';

REVOKE ALL ON FUNCTION camgrid.raise_alert(text, text, numeric, numeric, text, text, text) FROM PUBLIC;
