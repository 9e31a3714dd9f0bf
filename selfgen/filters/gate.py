"""A gate: the filters behind one stage, in turn. Knows the order of judging, and no filter in particular."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from selfgen.core.ports import Filter
from selfgen.core.tasks import Draft, Task
from selfgen.core.work import Measure, Verdict
from selfgen.errors import InternalError


class Gate:
    """Judges drafts in the order they come; what it keeps, the next draft is compared with, of the same reply too.

    A run has one gate for each stage that has one, with filters of its own. What a gate remembers is a function of the
    seeds and of the verdicts so far, in order: `recall` rebuilds it on a replay without judging again."""

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._filters = tuple(filters)

    @property
    def names(self) -> tuple[str, ...]:
        """The filters' names, in the order they look."""
        return tuple(each.name for each in self._filters)

    def seed(self, tasks: Iterable[Task]) -> None:
        """Remember the tasks that people wrote, before the run begins. They are not judged."""
        drafts = [Draft(task.id, task.instruction, task.input, task.output, task.labels) for task in tasks]
        for each in self._filters:
            each.recall(drafts)

    def ahead(self, drafts: Sequence[Draft]) -> None:
        """Do on any thread, before it is their turn, what judging these drafts can be spared. Decides nothing."""
        for each in self._filters:
            each.prepare(drafts)

    def judge(self, drafts: Sequence[Draft]) -> tuple[Verdict, ...]:
        """Return one verdict a draft, in order. The first filter that says no decides; later ones do not look."""
        for each in self._filters:
            each.prepare(drafts)
        return tuple(self._judge(draft) for draft in drafts)

    def recall(self, drafts: Sequence[Draft], verdicts: Sequence[Verdict]) -> None:
        """Remember what verdicts of old kept. Raises InternalError where they belong to other drafts."""
        if [draft.id for draft in drafts] != [verdict.draft for verdict in verdicts]:
            raise InternalError("the verdicts to recall belong to other drafts")
        kept = [draft for draft, verdict in zip(drafts, verdicts, strict=True) if verdict.kept]
        for each in self._filters:
            each.recall(kept)

    def _judge(self, draft: Draft) -> Verdict:
        measures: list[Measure] = []
        for each in self._filters:
            finding = each.check(draft)
            if finding.reason:
                return Verdict(draft.id, False, finding.reason, (*measures, *finding.measures))
            measures += [measure for measure in finding.measures if not isinstance(measure.value, str)]
        for each in self._filters:
            each.remember(draft)
        return Verdict(draft.id, True, "", tuple(measures))
