"""Runs one of the project's playbooks for a verb of the command, in view of the operator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from camgrid.errors import CamgridError
from camgrid.inventory import Inventory

ROOT = Path(__file__).resolve().parents[2]


def run(inventory: Inventory, name: str, variables: dict[str, Any], *, hint: str) -> None:
    """Runs playbooks/NAME.yml; what it says goes to stderr. CamgridError with hint when it fails."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(inventory.path)]
    command += [f"playbooks/{name}.yml", "--extra-vars", json.dumps(variables)]
    # Unbuffered, or into a pipe each task would be told long after it was done.
    environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "PYTHONUNBUFFERED": "1"}
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False, stdout=sys.stderr).returncode
    if code:
        raise CamgridError(f"playbooks/{name}.yml failed ({code})", where="the lines above say where", hint=hint)
