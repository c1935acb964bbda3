UPDATE camgrid.import_log
SET
    lines_done = %(lines_done)s,
    rows_stored = %(rows_stored)s,
    rows_present = %(rows_present)s,
    rows_rejected = %(rows_rejected)s,
    rejects_bytes = %(rejects_bytes)s,
    started_at = CASE WHEN %(lines_done)s = 0 THEN now() ELSE started_at END,
    updated_at = now(),
    finished_at = CASE WHEN %(finished)s THEN now() END
WHERE import_key = %(key)s
