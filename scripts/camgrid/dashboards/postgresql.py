"""PostgreSQL and the pools before it: who leads, who lags, what sessions do, who waits."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from camgrid.dashboards import limits
from camgrid.dashboards.parts import choice, dashboard_of, lines, states

_GROUP = 'citus_group=~"$group"'
_ENDPOINTS = 'proxy=~"write|ingest|read|analytics"'


def _rate(metric: str, by: str = "instance") -> str:
    return f"sum by ({by}) (rate({metric}{{{_GROUP}}}[$__rate_interval]))"


def made() -> Dashboard:
    """The dashboard."""
    sections = {
        "Groups and their members": [
            states(
                "Who leads",
                (f"patroni_primary{{{_GROUP}}}", "{{instance}}"),
                text="Which host is its group's primary. A change is a failover or a switchover.",
            ),
            states(
                "PostgreSQL runs",
                (f"patroni_postgres_running{{{_GROUP}}}", "{{instance}}"),
                limits=(limits.of("MemberDown", 1),),
            ),
            lines(
                "Replicas behind",
                "s",
                (f'camgrid_replica_lag_seconds{{{_GROUP}, far="false"}}', "{{replica}} behind {{host}}"),
                text="How long ago the last commit was made that a replica has replayed; 0 when it has them all.",
                limits=(limits.of("ReplicaLagging"),),
            ),
            lines(
                "WAL not replayed yet",
                "bytes",
                (f"camgrid_replica_lag_bytes{{{_GROUP}}}", "{{replica}} behind {{host}}"),
            ),
            lines(
                "WAL on disk",
                "bytes",
                (f"pg_wal_size_bytes{{{_GROUP}}}", "{{instance}}"),
                text="What grows here waits to be archived, or for a replica that is away.",
            ),
            lines(
                "WAL held by slots",
                "bytes",
                (
                    f"max by (instance, slot_name) (pg_replication_slots_pg_wal_lsn_diff{{{_GROUP}}})",
                    "{{slot_name}} on {{instance}}",
                ),
            ),
        ],
        "What it does": [
            lines("Transactions", "ops", (_rate("pg_stat_database_xact_commit"), "{{instance}}")),
            lines("Transactions rolled back", "ops", (_rate("pg_stat_database_xact_rollback"), "{{instance}}")),
            lines(
                "Rows written",
                "wps",
                (_rate("pg_stat_database_tup_inserted"), "{{instance}} inserted"),
                (_rate("pg_stat_database_tup_updated"), "{{instance}} updated"),
                (_rate("pg_stat_database_tup_deleted"), "{{instance}} deleted"),
            ),
            lines("Rows fetched", "rps", (_rate("pg_stat_database_tup_fetched"), "{{instance}}")),
            lines(
                "Pages found in memory",
                "percentunit",
                (
                    f"{_rate('pg_stat_database_blks_hit')} / ({_rate('pg_stat_database_blks_hit')}"
                    f" + {_rate('pg_stat_database_blks_read')} > 0)",
                    "{{instance}}",
                ),
                text="In PostgreSQL's own memory. What is not there may still be in the kernel's.",
            ),
            lines("Temporary files", "Bps", (_rate("pg_stat_database_temp_bytes"), "{{instance}}")),
            lines(
                "Size of the databases",
                "bytes",
                (f"sum by (instance) (pg_database_size_bytes{{{_GROUP}}})", "{{instance}}"),
            ),
            lines("Deadlocks", "ops", (_rate("pg_stat_database_deadlocks"), "{{instance}}")),
        ],
        "Sessions": [
            lines("Sessions by state", "short", (f"sum by (state) (pg_stat_activity_count{{{_GROUP}}})", "{{state}}")),
            lines(
                "Sessions by host", "short", (f"sum by (instance) (pg_stat_activity_count{{{_GROUP}}})", "{{instance}}")
            ),
            lines(
                "Longest transaction",
                "s",
                (f"max by (instance) (pg_stat_activity_max_tx_duration{{{_GROUP}}})", "{{instance}}"),
                text="It keeps vacuum from what has been deleted since it began.",
            ),
            lines(
                "Oldest prepared transaction",
                "s",
                (f"camgrid_node_prepared_transaction_oldest_seconds{{{_GROUP}}}", "{{host}}"),
                text="Between its two phases a transaction over several groups holds its locks.",
                limits=(limits.of("PreparedTransactionsLeft"),),
            ),
            lines("Locks by mode", "short", (f"sum by (mode) (pg_locks_count{{{_GROUP}}})", "{{mode}}")),
        ],
        "Pools and endpoints, of all groups": [
            lines(
                "Connections in use",
                "short",
                ("sum by (region, node) (camgrid_pool_connections_active)", "{{region}} {{node}}"),
                text="Connections of PgBouncer to PostgreSQL.",
            ),
            lines(
                "Clients that wait",
                "short",
                ("sum by (region, node) (camgrid_pool_clients_waiting)", "{{region}} {{node}}"),
            ),
            lines(
                "Longest wait for a connection",
                "s",
                ("max by (region, node) (camgrid_pool_longest_wait_seconds)", "{{region}} {{node}}"),
                limits=(limits.of("PoolClientsWait"),),
            ),
            lines("Clients", "short", ("sum by (region, node) (camgrid_pool_clients)", "{{region}} {{node}}")),
            lines(
                "Nodes behind an endpoint",
                "short",
                (f"haproxy_backend_active_servers{{{_ENDPOINTS}}}", "{{proxy}} of {{instance}}"),
            ),
            lines(
                "New connections",
                "cps",
                (
                    f"sum by (proxy) (rate(haproxy_frontend_connections_total{{{_ENDPOINTS}}}[$__rate_interval]))",
                    "{{proxy}}",
                ),
            ),
        ],
    }
    text = "Who leads and who lags, what PostgreSQL does, who waits for it."
    group = choice("group", "Group", "label_values(patroni_primary, citus_group)")
    return dashboard_of("camgrid-postgresql", "camgrid: PostgreSQL and pools", text, sections, group)
