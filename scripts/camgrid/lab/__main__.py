"""Entry point of `scripts/lab`; see commands.py for what it can do."""

from __future__ import annotations

import signal


def main() -> None:
    """Runs the command. An interrupt before it has begun simply ends it, with no traceback of half an import."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from camgrid.lab.commands import main as run_command

    run_command()


if __name__ == "__main__":
    main()
