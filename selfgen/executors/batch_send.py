"""Getting one part to its service exactly once, whatever happens on the way, and finding again what got there.

Each step is written down before the next is taken, and each may be the last thing that this process does:

    calls written     the file lies beside the run                    next: the intent
    intended          nobody but us knows of the part                 next: the upload, or an upload that is there
    uploaded          the service has the file; nothing is paid for   next: the batch, after a look whether it is there
    started           the batch has an id, and is waited for
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from selfgen.core.batches import Standing
from selfgen.core.work import Ask, Refused, Role
from selfgen.errors import InternalError, SelfgenError
from selfgen.executors.batch_files import Spool
from selfgen.executors.batch_parts import PREFIX, Part
from selfgen.executors.batch_port import Backend, Ledger
from selfgen.executors.batch_wait import Waiter


class Sender:
    """Sends parts, looks after them, settles them. `step` is told each step when it is done, before the next begins."""

    def __init__(
        self,
        backends: Mapping[Role, Backend],
        ledger: Ledger,
        spool: Spool,
        waiter: Waiter,
        note: Callable[[str, str], None],
        step: Callable[[str], None],
    ) -> None:
        self._backends, self._ledger, self._spool, self._waiter = backends, ledger, spool, waiter
        self._note, self._step = note, step

    async def send(self, part: Part) -> None:
        """Return when the batch of a part exists, and the ledger knows its id."""
        if not part.recorded:
            self._step("planned")
            self._write_calls(part)
            self._step("calls written")
            self._record(part)
            self._step("intended")
        retried = part.recorded
        part.recorded = True

        async def attempt() -> str:
            nonlocal retried
            again, retried = retried, True
            return await self._place(part, again=again)

        part.id = await self._waiter.persist(attempt, whole=True)
        self._step("started")
        self._record(part)
        self._note("batch", f"{part.name} with {len(part.marks)} calls is {part.id} at {part.place}")
        self._step("id recorded")

    async def _place(self, part: Part, *, again: bool) -> str:
        """Make one attempt. `again`: an earlier one may have got further than it could tell."""
        backend = self._backends[part.role]
        if part.handle and (found := await self._find(part, backend)):
            self._note("adopted", f"{part.name} was submitted before as {found}")
            return found
        if not part.handle:
            if not self._spool.calls(part.name).exists():
                self._write_calls(part)
            handle = await backend.find_upload(part.name) if again else ""
            handle = handle or await backend.upload(part.name, self._spool.calls(part.name))
            self._step("uploaded")
            part.handle = handle
            self._record(part)
            self._step("upload recorded")
        return await backend.start(part.name, part.handle)

    async def _find(self, part: Part, backend: Backend) -> str:
        """Look for a batch that may have been begun, twice: services list it a little later than they begin it."""
        found = await backend.find(part.name, part.handle)
        if not found and backend.outlives_us:
            await self._waiter.rest(self._waiter.pace.visible_s)
            found = await backend.find(part.name, part.handle)
        return found

    def _write_calls(self, part: Part) -> None:
        self._spool.write_calls(part.name, map(self._line, (part.asks[name] for name in part.marks)))

    def _line(self, ask: Ask) -> bytes:
        line = self._backends[ask.role].encode(ask)
        if isinstance(line, Refused):
            raise InternalError(f"call {ask.id} was planned and cannot be sent", todo="Please report this.")
        return line

    def _record(self, part: Part) -> None:
        self._ledger.put(PREFIX + part.name, part.to_value())

    async def look(self, part: Part) -> Standing:
        """Return how a started part stands, through any outage."""
        if self._spool.results(part.name).exists():
            return Standing("over", "fetched before")
        return await self._waiter.persist(lambda: self._backends[part.role].look(part.id))

    async def fetch(self, part: Part) -> Path:
        """Return where the results of a part lie, whole, beside the run."""
        path = self._spool.results(part.name)
        if not path.exists():
            backend = self._backends[part.role]
            await self._waiter.persist(lambda: self._spool.keep_results(part.name, backend.fetch(part.id)))
            self._step("fetched")
        return path

    async def call_off(self, parts: Iterable[Part]) -> None:
        """The run has its end: what still works for it is stopped. A larger target takes what it did until then."""
        for part in parts:
            if part.id:
                try:
                    await self._backends[part.role].cancel(part.id)
                    self._note("cancelled", f"{part.id}: the run needs no more")
                except SelfgenError as error:
                    self._note("not cancelled", f"{part.id}: {error.what}")

    async def discard(self, part: Part) -> None:
        """Have the service forget the files of a part, if it will."""
        try:
            await self._backends[part.role].discard(part.id, part.handle)
        except SelfgenError as error:
            self._note("left behind", f"files of {part.id or part.name} stay at {part.place}: {error.what}")

    def settle(self, part: Part, *, keep_calls: bool = False) -> None:
        """Close a part: what it left open is owed as if it had never been sent. `keep_calls`: for a person to read."""
        self._ledger.put(PREFIX + part.name, part.settled())
        self._step("settled")
        if not keep_calls:
            self._spool.clear(part.name)
