"""For the role `bundle`: checks a bundle as a whole and against an inventory, and says what hosts are to have of it.

Run as `python -m camgrid.bundle.verify BUNDLE INVENTORY` it prints JSON, or what is wrong on stderr with exit code 2.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from camgrid.bundle import archive, fits
from camgrid.errors import CamgridError
from camgrid.inventory import load
from camgrid.topology import build


def main() -> None:
    """Checks the bundle and the inventory named in argv."""
    try:
        bundle, inventory = archive.check(Path(sys.argv[1])), load(sys.argv[2])
        lacking = fits.lacking(bundle, inventory, build(inventory))
    except CamgridError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    if lacking:
        sys.stderr.write("".join(f"{sys.argv[1]}: {sentence}\n" for sentence in lacking))
        sys.exit(2)
    print(
        json.dumps(
            {
                "release": bundle.release,
                "architecture": bundle.architecture,
                "created": bundle.created,
                "files": [asdict(file) for file in bundle.on_hosts],
                "installed_kib": sum(package.installed_kib for package in bundle.packages),
            }
        )
    )


if __name__ == "__main__":
    main()
