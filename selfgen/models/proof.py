"""Proofs of life: a small generation that a lane must answer, as the model that it was before.

Knows what is asked and what is compared. Knows no queue, and decides nothing about lanes that fail: fleet.py does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from selfgen.core.work import Ask, CallId, Message, Sampling
from selfgen.errors import Ambiguous, BadConfig, CallError, CallRejected, KeyRefused, QuotaUsedUp, SelfgenError
from selfgen.models.berth import Berth
from selfgen.models.hold import Policy, say_span
from selfgen.models.lane import Look
from selfgen.models.story import Story

MOST_NAMES = 8
"""A lane that signs with ever new names has a name for each answer, not a model."""
CANARY = CallId(-1, 0, 0)
"""The address of canaries that are sent as calls; the machine owes no such call."""


class Proofs:
    """Asks lanes for proofs, one canary a lane at a time. `revive` hears of lanes that passed, `shut` ends the run."""

    def __init__(
        self,
        policy: Policy,
        story: Story,
        *,
        revive: Callable[[Berth], None],
        shut: Callable[[SelfgenError], SelfgenError],
    ) -> None:
        self._policy, self._story, self._revive, self._shut = policy, story, revive, shut
        self.canaries = 0

    async def prove(self, berth: Berth) -> None:
        """Have a lane show that it lives and is the model that it was; all who ask at one time share one canary.

        Raises CallError where it does not live, BadConfig where it is another model."""
        if berth.proof is None:
            self.canaries += 1
            berth.proof = asyncio.get_running_loop().create_task(self._look(berth))
            berth.proof.add_done_callback(berth.end_proof)
        await asyncio.shield(berth.proof)

    async def vet(self, berth: Berth, name: str) -> CallError | None:
        """Believe the first name that a lane signs with. Tell another one, and look whether the model is another too:
        the answer waits for that, so that none of another model is taken in. Returns why it cannot be taken, while the
        lane does not show who it is. What no waiting mends says nothing of the model: such answers are believed."""
        if name in berth.models or len(berth.models) >= MOST_NAMES:
            return None
        if berth.models:
            self._story.renamed(berth, sorted(berth.models), name)
            if berth.lane.look is not None:
                try:
                    await self.prove(berth)
                except (KeyRefused, QuotaUsedUp, CallRejected):
                    return None
                except CallError as error:
                    what = f"It signs as {name} now, and does not show whether it is the same model: {error.what}"
                    return Ambiguous(what, retry_after_s=error.retry_after_s)
        berth.models.add(name)
        return None

    async def _look(self, berth: Berth) -> None:
        if berth.lane.look is None:
            message = Message("user", f"Say ok. ({self.canaries})")  # no cache knows it
            canary = Ask(CANARY, "propose", (message,), Sampling(0.0, 1.0, 16), self.canaries, None, "")
            await berth.lane.send(canary)
        else:
            try:
                async with asyncio.timeout(self._policy.look_s):
                    found = await berth.lane.look()
            except TimeoutError:
                raise Ambiguous(f"A test call got no answer within {say_span(self._policy.look_s)}.") from None
            self._identify(berth, found)
        self._revive(berth)

    def _identify(self, berth: Berth, found: Look) -> None:
        """Compare who answers with who answered before. Raises BadConfig: two models would be mixed in one dataset."""
        known = berth.known or found
        if why := known.differs(found):
            what = f"{berth.name} serves another model than before: {why}."
            todo = f"Nothing is lost. Serve {known.model} there again, or take the address out of the configuration."
            berth.recall()
            raise self._shut(BadConfig(what, todo=f"{todo} The same command continues."))
        if known.fingerprint and found.fingerprint and known.fingerprint != found.fingerprint:
            self._story.rebuilt(berth, known.fingerprint, found.fingerprint)
        berth.known = known.merge(found)
