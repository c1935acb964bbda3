"""`python -m camgrid.dashboards` writes the dashboards as the role `grafana` has them."""

from __future__ import annotations

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from camgrid.dashboards import backups, citus, glance, hosts, postgresql
from camgrid.variables import ROLES

DIRECTORY = ROLES / "grafana/files/dashboards"


def documents() -> dict[str, str]:
    """File → its JSON."""
    made = [each.made() for each in (glance, postgresql, citus, hosts, backups)]
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return {f"{dashboard.uid}.json": encoder.encode(dashboard) + "\n" for dashboard in made}


def main() -> None:
    """Writes them."""
    for name, text in documents().items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
