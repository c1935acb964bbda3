"""`camgrid endpoints`: where applications connect, and what a router needs to know on a host without the inventory."""

from __future__ import annotations

import click

from camgrid.cli.app import App, json_option
from camgrid.console import emit_json, emit_table, out
from camgrid.errors import EXIT_OK
from camgrid.router.settings import Settings
from camgrid.secrets import PASSWORD_ROLES
from camgrid.topology import ENDPOINT_PORTS, POOL_PORT


@click.command("endpoints")
@click.option("--role", type=click.Choice(PASSWORD_ROLES), default="reader", show_default=True, help="Who connects.")
@json_option
@click.pass_obj
def command(app: App, role: str, as_json: bool) -> int:
    """Show where applications connect. --json is what camgrid.router's from_settings takes, without the password.

    Copy the file of sslrootcert to the application's host, and name it there as it lies there.
    """
    settings = Settings.from_inventory(app.inventory.path, role)
    if as_json:
        emit_json(settings.exported())
        return EXIT_OK
    ports = ENDPOINT_PORTS if settings.proxies else {"primary": 5432}
    hosts = ", ".join(settings.proxies or settings.primaries)
    rows = [{"name": name, "hosts": hosts, "port": str(port)} for name, port in ports.items()]
    rows += [{"name": name, "hosts": address, "port": str(POOL_PORT)} for name, address in settings.nodes.items()]
    emit_table(rows, {"name": "endpoint or node", "hosts": "hosts", "port": "port"})
    out.print(f"role {settings.user}, database {settings.dbname}, CA {settings.sslrootcert}", markup=False)
    return EXIT_OK
