"""Looks, decides and acts, again and again. The order of the acts is what makes it safe; see the role's README."""

from __future__ import annotations

import dataclasses
import sys
import time
from contextlib import suppress
from types import ModuleType

from . import decide, fence, group, probe
from .decide import Action, Cut, Evidence
from .etcd import Etcd, EtcdError, LeaseNotFoundError, encode
from .record import Record
from .settings import Settings

# Seconds between the beginnings of two looks: with nothing to do, and when something may be wrong.
REST_S, ALERT_S = 1.0, 0.5
# Seconds for which etcd remembers a cut whose daemon does not renew it: a few looks, slow ones included.
_LEASE_TTL_S = 10


def say(text: str) -> None:
    """A line for the journal."""
    print(text, file=sys.stderr, flush=True)


class Daemon:
    """A member's look at its leader, and what it has cut."""

    def __init__(self, settings: Settings, etcd: Etcd, record: Record, firewall: ModuleType = fence) -> None:
        self._settings = settings
        self._etcd = etcd
        self._record = record
        self._fence = firewall
        self._keys = group.Keys(settings.patroni_prefix, settings.own_prefix, settings.member)
        self._said = ""
        # The reign that is watched (leader, create_revision), since when its leader is silent, for how many probes.
        self._watched: tuple[str, str] | None = None
        self._silent_since: float | None = None
        self._probes = 0
        self.cut: Cut | None = None

    @property
    def interval_s(self) -> float:
        """Seconds until the next look, counted from the beginning of the last."""
        return ALERT_S if self.cut or self._probes else REST_S

    def start(self) -> None:
        """Goes on where the daemon before us stopped: with its cut in force, or without any."""
        self.cut = self._record.load()
        if self.cut:
            say(f"{self.cut.leader} was cut off by the daemon before: the cut stays until etcd says otherwise")
            self._fence.install(self.cut.address)
        else:
            self._fence.remove()

    def tick(self, *, stopping: bool = False) -> None:
        """One look, and whatever follows from it. stopping: take back what can be taken back."""
        if not stopping:
            self._listen()
        try:
            while self._step(stopping):
                pass
        except EtcdError as error:
            self._mind("etcd does not answer", f" ({error}){', the cut stays' if self.cut else ''}")

    def _listen(self) -> None:
        """Asks the watched leader whether it is there."""
        if not self._watched:
            return
        started = time.monotonic()
        if probe.answers(self._settings.addresses[self._watched[0]], self._settings.context):
            self._silent_since, self._probes = None, 0
            return
        self._silent_since = self._silent_since or started
        self._probes += 1

    def _step(self, stopping: bool) -> bool:
        """Reads etcd, decides, acts. Whether to look again at once. EtcdError."""
        view = group.view(self._keys, self._etcd.call("kv/txn", group.reading(self._keys)))
        self._watch(view)
        evidence = self._evidence(view)
        member, silence_s = self._settings.member, self._settings.silence_s
        if self.cut is None:
            action, reason = decide.without_cut(view, member, evidence, silence_s)
        else:
            unfit = "the daemon stops" if stopping else self._unfit(self.cut)
            action, reason = decide.with_cut(view, member, self.cut, evidence, silence_s, unfit)
        self._mind(f"{action.value}: {reason}")
        return self._act(action, view)

    def _watch(self, view: group.View) -> None:
        """Turns to another reign, or to none."""
        reign = None
        if view.leader in self._settings.addresses and not decide.objection(view, self._settings.member):
            reign = (view.leader, view.create_revision)
        if reign != self._watched:
            self._watched, self._silent_since, self._probes = reign, None, 0

    def _evidence(self, view: group.View) -> Evidence:
        if self._silent_since is None:
            return Evidence()
        evidence = Evidence(time.monotonic() - self._silent_since, self._probes)
        if not decide.silent(evidence, self._settings.silence_s):
            return evidence
        with suppress(LeaseNotFoundError):
            evidence = dataclasses.replace(evidence, lease_age_s=self._etcd.age(view.lease))
        return evidence

    def _unfit(self, cut: Cut) -> str | None:
        """Why the cut cannot be relied on; the rule is put back, the lease renewed."""
        if not self._fence.in_force(cut.address):
            self._fence.install(cut.address)
            return "somebody else took the rule away; it is back"
        try:
            if not cut.withdrawn:
                self._etcd.keep_alive(cut.lease)
        except LeaseNotFoundError:
            return "the cut's lease has ended"
        return None

    def _act(self, action: Action, view: group.View) -> bool:
        if action is Action.CUT:
            self._begin(view)
        elif action is Action.LIFT:
            self._end_cut()
        elif self.cut and action is Action.TELL:
            value = group.cut_value(self.cut.leader, self.cut.create_revision)
            key = self._keys.cut(self._settings.member)
            with suppress(LeaseNotFoundError):  # the next look finds it ended
                self._etcd.call("kv/put", {"key": encode(key), "value": encode(value), "lease": self.cut.lease})
        elif self.cut and action is Action.WITHDRAW:
            self._etcd.revoke(self.cut.lease)
            self.cut = dataclasses.replace(self.cut, withdrawn=True)
            self._record.keep(self.cut)
        elif self.cut and action is Action.END:
            done = self._etcd.call("kv/txn", group.ending(self._keys, view)).get("succeeded", False)
            say(f"{self.cut.leader}'s reign is ended" if done else "etcd refused: what was looked at has changed")
        return action in (Action.CUT, Action.TELL, Action.WITHDRAW)

    def _begin(self, view: group.View) -> None:
        """Cuts the leader off: recorded first, so that no end of this process leaves a cut that nobody knows of."""
        leader = view.leader or ""
        lease = self._etcd.grant(_LEASE_TTL_S)
        address = self._settings.addresses[leader]
        cut = Cut(leader, address, view.create_revision, view.member["timeline"], lease)
        self._record.keep(cut)
        self.cut = cut
        self._fence.install(address)

    def _end_cut(self) -> None:
        """Lifts the cut. What etcd still holds of it ends with its lease, and can do nothing any more."""
        if self.cut and not self.cut.withdrawn:
            with suppress(EtcdError):
                self._etcd.revoke(self.cut.lease)
        self._fence.remove()
        self._record.forget()
        self.cut = None

    def _mind(self, mind: str, detail: str = "") -> None:
        """Says what the daemon thinks when that is something new."""
        if mind != self._said:
            say(mind + detail)
        self._said = mind
