"""The router's circuit breaker, with a clock of the test's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from camgrid.router.breaker import FAILURES, REST_S, Breaker


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def opened() -> tuple[Breaker, Clock]:
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(FAILURES):
        assert breaker.allows()
        breaker.failed()
    return breaker, clock


def test_the_strategy_asks_for_five_failures_and_a_minute():
    assert (FAILURES, REST_S) == (5, 60.0)


def test_it_opens_at_the_fifth_failure_in_a_row_only():
    breaker = Breaker(clock=Clock())
    for _ in range(FAILURES - 1):
        breaker.failed()
    breaker.succeeded()
    for _ in range(FAILURES - 1):
        breaker.failed()
    assert (breaker.state, breaker.allows()) == ("closed", True)
    breaker.failed()
    assert (breaker.state, breaker.allows()) == ("open", False)


def test_after_a_minute_one_trial_is_let_through():
    breaker, clock = opened()
    clock.now = REST_S - 0.1
    assert not breaker.allows()
    clock.now = REST_S
    assert breaker.state == "half open"
    assert [breaker.allows() for _ in range(3)] == [True, False, False]


def test_a_trial_that_succeeds_closes_it():
    breaker, clock = opened()
    clock.now = REST_S
    assert breaker.allows()
    breaker.succeeded()
    assert (breaker.state, breaker.failures, breaker.allows()) == ("closed", 0, True)


def test_a_trial_that_fails_begins_another_rest():
    breaker, clock = opened()
    clock.now = REST_S
    assert breaker.allows()
    breaker.failed()
    clock.now = 2 * REST_S - 0.1
    assert not breaker.allows()
    clock.now = 2 * REST_S
    assert breaker.allows()


def test_a_trial_of_which_nothing_is_heard_does_not_keep_it_open_for_ever():
    breaker, clock = opened()
    clock.now = REST_S
    assert breaker.allows()
    clock.now = 2 * REST_S
    assert breaker.allows()


@given(st.lists(st.sampled_from(["failed", "succeeded", "second"]), max_size=200))
def test_whatever_happens_it_lets_nobody_through_within_a_rest(events):
    clock = Clock()
    breaker, row, resting_until = Breaker(clock=clock), 0, 0.0
    for event in events:
        if event == "second":
            clock.now += 20
        else:
            getattr(breaker, event)()
            row = row + 1 if event == "failed" else 0
            resting_until = clock.now + REST_S if row >= FAILURES else 0.0 if row == 0 else resting_until
        assert breaker.state == ("closed" if row < FAILURES else "open" if clock.now < resting_until else "half open")
