-- Months are made hours after they are due to be made ahead at the latest, and a failed run is repeated soon.
SELECT cron.schedule('camgrid-ensure-partitions', '17 * * * *', 'SELECT camgrid.ensure_partitions()');
-- pg_cron keeps every run for ever otherwise.
SELECT cron.schedule(
    'camgrid-forget-old-runs', '41 3 * * *',
    $$DELETE FROM cron.job_run_details WHERE end_time < now() - interval '30 days'$$
);
GRANT USAGE ON SCHEMA cron TO camgrid_monitor;
