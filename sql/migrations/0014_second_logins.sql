-- Each role of the applications has a second login with the same rights, so that a password can be changed while the
-- one before still works: both are valid until nobody needs the old one (playbooks/rotate_secrets.yml). Whoever logs in
-- as either works as the role itself, also on other nodes.
CREATE ROLE camgrid_writer_2 LOGIN;
CREATE ROLE camgrid_reader_2 LOGIN;
CREATE ROLE camgrid_reporter_2 LOGIN;
CREATE ROLE camgrid_monitor_2 LOGIN;
GRANT camgrid_writer TO camgrid_writer_2;
GRANT camgrid_reader TO camgrid_reader_2;
GRANT camgrid_reporter TO camgrid_reporter_2;
GRANT camgrid_monitor TO camgrid_monitor_2;
ALTER ROLE camgrid_writer_2 SET role = 'camgrid_writer';
ALTER ROLE camgrid_reader_2 SET role = 'camgrid_reader';
ALTER ROLE camgrid_reporter_2 SET role = 'camgrid_reporter';
ALTER ROLE camgrid_monitor_2 SET role = 'camgrid_monitor';
