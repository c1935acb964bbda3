CREATE OR REPLACE FUNCTION camgrid.data_disk()
RETURNS TABLE (device text, kind text, bytes bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    devices text[];
    below text[];
BEGIN
    -- The mount with the longest path is the one that the data directory lies on. A path's spaces are written \040.
    SELECT substring(camgrid.kernel_file(format('/sys/dev/block/%s/uevent', m.number)), 'DEVNAME=([^\n]+)') INTO device
    FROM (
        SELECT split_part(line, ' ', 3) AS number, replace(split_part(line, ' ', 5), '\040', ' ') AS path, place
        FROM string_to_table(camgrid.kernel_file('/proc/self/mountinfo'), E'\n') WITH ORDINALITY AS l (line, place)
    ) AS m
    WHERE m.path = '/' OR starts_with(current_setting('data_directory') || '/', m.path || '/')
    ORDER BY length(m.path) DESC, m.place DESC LIMIT 1;
    -- A filesystem of a container's layers, or over a network, is on no block device that this node can see.
    IF device IS NULL THEN
        RETURN;
    END IF;
    bytes := camgrid.kernel_file(format('/sys/class/block/%s/size', device))::bigint * 512;

    -- From an array or a volume down to what it is made of, and from a partition to its drive.
    devices := ARRAY[device];
    LOOP
        SELECT array_agg(s.name) INTO below
        FROM unnest(devices) AS d (name)
        CROSS JOIN LATERAL pg_ls_dir(format('/sys/class/block/%s/slaves', d.name), TRUE, FALSE) AS s (name);
        EXIT WHEN below IS NULL;
        devices := below;
    END LOOP;
    SELECT CASE
        WHEN bool_and(d.name ~ '^nvme') THEN 'NVMe'
        -- Only of these does "rotational" say something: virtual ones have it set whatever is beneath.
        WHEN bool_or(d.name ~ '^sd' AND camgrid.kernel_file(
            format('/sys/class/block/%s/queue/rotational', regexp_replace(d.name, '^(sd[a-z]+)[0-9]+$', '\1'))
        ) = '1') THEN 'HDD'
        WHEN bool_and(d.name ~ '^(sd|nvme)') THEN 'SSD'
    END INTO kind
    FROM unnest(devices) AS d (name);
    RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION camgrid.data_disk() IS
'The block device under this node''s data directory, its size, and the kind of drives that it is made of: NVMe, SSD,
HDD, or null where it does not say (a virtual disk). No row where the node cannot see a device, as in a container';

REVOKE ALL ON FUNCTION camgrid.data_disk() FROM PUBLIC;
