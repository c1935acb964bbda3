"""Ansible's own order of tasks, over Mitogen: a host's Python stays up from one task to the next.

`ANSIBLE_STRATEGY=mitogen_linear` chooses it, where `./scripts/setup fast` has installed it. Ansible loads a strategy
from a file, so it is named here; nothing else of it is ours.
"""

from ansible.errors import AnsibleError

try:
    from ansible_mitogen.loaders import strategy_loader
    from ansible_mitogen.strategy import StrategyMixin
except ImportError as error:
    raise AnsibleError(f"ANSIBLE_STRATEGY=mitogen_linear needs Mitogen ({error}): ./scripts/setup fast") from error


class StrategyModule(StrategyMixin, strategy_loader.get("linear", class_only=True)):
    """Linear, with hosts reached through Mitogen."""
