-- Citus lets a trigger on a shard write to the shard beside it, of the same cameras: no other node is asked. A change
-- and its note are in one transaction, and move to another node together. A statement costs one note per quarter of
-- an hour that it touched, whatever its rows.
CREATE OR REPLACE FUNCTION camgrid.note_changes() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    notes text;
    part record;
BEGIN
    IF TG_TABLE_NAME <> 'counting_results' THEN
        SELECT 'rollup_changes_' || beside.shardid INTO notes
        FROM pg_catalog.pg_dist_shard AS mine
        JOIN pg_catalog.pg_dist_shard AS beside ON beside.shardminvalue = mine.shardminvalue
        WHERE mine.shardid = substring(TG_TABLE_NAME FROM '[0-9]+$')::bigint
            AND beside.logicalrelid = 'camgrid.rollup_changes'::regclass;
    END IF;
    IF notes IS NOT NULL THEN
        EXECUTE format(
            'INSERT INTO camgrid.%I (camera_id, zone_id, quarter) '
            'SELECT DISTINCT camera_id, zone_id, date_bin(''15 minutes'', "timestamp", ''epoch'') FROM %s',
            notes, CASE TG_OP
                WHEN 'UPDATE' THEN '(TABLE was UNION ALL TABLE changed) AS both_states'
                ELSE 'changed'
            END
        );
        RETURN NULL;
    END IF;
    -- Not spread, or about to be: then the notes are spread first, and take one row at a time.
    FOR part IN EXECUTE format(
        'SELECT DISTINCT camera_id, zone_id, date_bin(''15 minutes'', "timestamp", ''epoch'') AS quarter FROM %s',
        CASE TG_OP WHEN 'UPDATE' THEN '(TABLE was UNION ALL TABLE changed) AS both_states' ELSE 'changed' END
    ) LOOP
        INSERT INTO camgrid.rollup_changes (camera_id, zone_id, quarter)
        VALUES (part.camera_id, part.zone_id, part.quarter);
    END LOOP;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION camgrid.note_changes() IS
'Trigger of counting_results: notes in rollup_changes which quarters of an hour a statement changed';

-- Whoever owns the table makes its triggers anew where a shard is moved or split.
ALTER FUNCTION camgrid.note_changes() OWNER TO camgrid_owner;
REVOKE ALL ON FUNCTION camgrid.note_changes() FROM PUBLIC;
