"""Where backups, copies and their records are on hosts, and whose; playbooks/group_vars tells the roles the same."""

from __future__ import annotations

# Who takes backups, on the repository's host.
USER = "pgbackrest"
# Below which points and drills are recorded there, and what a node remembers of a restore.
STATE = "/var/lib/camgrid"
# A copy on a spare host: a directory a group, and the port of group 0's server, which the others follow.
COPIES = "/var/lib/postgresql/copy"
COPY_PORT = 5500
