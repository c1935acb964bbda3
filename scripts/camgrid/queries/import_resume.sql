SELECT
    lines_done,
    rows_stored,
    rows_present,
    rows_rejected,
    rejects_bytes,
    finished_at
FROM camgrid.import_log
WHERE import_key = %(key)s
FOR UPDATE
