"""`camgrid import`: every row of a file is either stored once or written to the rejects file with a reason."""
