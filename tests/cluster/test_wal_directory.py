"""pg_wal is where the inventory says, whatever a member has been through: made, copied, rewound or restored."""

from __future__ import annotations

from camgrid import storage


def test_pg_wal_is_where_the_inventory_says(cluster):
    topology = cluster.topology
    for node in topology.nodes:
        told = cluster.inventory.hosts[node.host].get("camgrid_volumes", [])
        expected = storage.wal_directory(told, topology.postgresql_version, topology.cluster)
        pg_wal = cluster.host(node.host).file(
            f"/var/lib/postgresql/{topology.postgresql_version}/{topology.cluster}/pg_wal"
        )
        assert (pg_wal.linked_to if pg_wal.is_symlink else "") == expected, node.host
