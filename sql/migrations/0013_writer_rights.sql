-- Whoever stores counts has no business in the sums that reports are made of; camera_latest it may go on reading, where
-- an application asks for the value that it has just stored.
REVOKE SELECT ON camgrid.counts_hourly, camgrid.counts_daily FROM camgrid_writer;
