-- cameras: Cameras that are known
SELECT count(*) AS cameras FROM camgrid.cameras
