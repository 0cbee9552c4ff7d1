"""A short soak: what holds for a minute is looked at for ten with `scripts/soak`."""

from __future__ import annotations

import pytest

from scripts.soak_test.report import lines_of
from scripts.soak_test.soak import Plan, run_soak

pytestmark = [pytest.mark.e2e, pytest.mark.real_model]


@pytest.mark.timeout(400)
async def test_typing_cancelling_switching_and_a_killed_engine() -> None:
    plan = Plan(seconds=45.0, seed=5, kill_every_s=18.0, model="bantam-embedded")
    findings = await run_soak(plan, lambda at_s, words: None)
    assert findings.failures == [], "\n".join(lines_of(findings))
    assert findings.num_kills >= 1
    assert findings.tally.num_with_content["ghost text"] > 0
