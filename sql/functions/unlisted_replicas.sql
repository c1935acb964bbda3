CREATE OR REPLACE FUNCTION camgrid.unlisted_replicas(wanted_group integer, listed json[])
RETURNS TABLE (node_name text, reason text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    WITH known AS (
        SELECT n.node_name FROM camgrid.known_nodes() AS n
        WHERE n.citus_group = unlisted_replicas.wanted_group AND NOT n.is_primary
    )
    -- Citus has another name for a replica than its primary, so each is asked; but only when there are too few.
    SELECT k.node_name, a.reason
    FROM known AS k
    CROSS JOIN LATERAL camgrid.ask_node(k.node_name, 'SELECT current_setting(''primary_slot_name'') AS slot') AS a
    -- The other region's copy is listed too, by a slot that has the region's name; Citus does not know it.
    WHERE (SELECT count(*) FROM known) > (
        SELECT count(*) FROM unnest(unlisted_replicas.listed) AS l (line)
        WHERE NOT starts_with(coalesce(l.line ->> 'slot_name', ''), 'region_')
    )
        AND (a.reason IS NOT NULL OR NOT EXISTS (
            SELECT FROM unnest(unlisted_replicas.listed) AS l (line)
            WHERE l.line ->> 'slot_name' = a.answer ->> 'slot'
        ))
$$;

COMMENT ON FUNCTION camgrid.unlisted_replicas(integer, json[]) IS
'Replicas of a group that Citus knows, and that are not among the rows of local_replicas() of its primary';

REVOKE ALL ON FUNCTION camgrid.unlisted_replicas(integer, json[]) FROM PUBLIC;
