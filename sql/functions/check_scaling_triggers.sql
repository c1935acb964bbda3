CREATE OR REPLACE FUNCTION camgrid.check_scaling_triggers(
    thorough boolean DEFAULT extract(MINUTE FROM now())::integer % 10 = 0
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    load jsonb;
    metrics jsonb;
BEGIN
    -- Two at once would each raise what the other has.
    PERFORM pg_advisory_xact_lock(hashtext('camgrid.check_scaling_triggers'));
    SELECT coalesce(jsonb_agg(to_jsonb(n)), '[]') INTO load FROM camgrid.node_load() AS n;
    SELECT coalesce(jsonb_agg(to_jsonb(w)), '[]') INTO metrics FROM camgrid.weigh_load(load) AS w;

    INSERT INTO camgrid.scaling_looks (node_name, looked_at, answer)
    SELECT n.node_name, clock_timestamp(), n.answer - '{new_reads,new_writes,new_statements,new_exec_ms}'::text []
    FROM jsonb_to_recordset(load) AS n (node_name text, answer jsonb) WHERE n.answer IS NOT NULL;
    DELETE FROM camgrid.scaling_looks WHERE looked_at < now() - interval '10 minutes';
    INSERT INTO camgrid.scaling_history (metric_name, seen_at, current_value)
    SELECT m.metric_name, now(), m.current_value
    FROM jsonb_to_recordset(metrics) AS m (metric_name text, current_value numeric) WHERE m.current_value IS NOT NULL
    ON CONFLICT DO NOTHING;
    DELETE FROM camgrid.scaling_history WHERE seen_at < now() - interval '7 days';

    PERFORM camgrid.weigh_causes(
        (SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]') FROM camgrid.scaling_causes(metrics, thorough) AS c)
    );
    DELETE FROM camgrid.alerts WHERE resolved_at < now() - interval '1 year';
    DELETE FROM camgrid.scaling_log WHERE created_at < now() - interval '1 year';
END;
$$;

COMMENT ON FUNCTION camgrid.check_scaling_triggers(boolean) IS
'Looks at the load, replicas, pools and busy cameras, every ten minutes (or when thorough) also at shards and disks;
writes alerts and scaling_log, and its look at the load for the next one. Run each minute by a job';

REVOKE ALL ON FUNCTION camgrid.check_scaling_triggers(boolean) FROM PUBLIC;
