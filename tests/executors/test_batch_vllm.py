"""Whole runs over the real `vllm run-batch`. Needs SELFGEN_TEST_VLLM (a vllm executable) and SELFGEN_TEST_MODEL (the
folder of a small chat model)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from selfgen.core.tally import Policy, Stop
from selfgen.core.work import Answered, Judged
from selfgen.executors.batch_port import Backend, Pace
from selfgen.models.batch_lines import Lines
from selfgen.models.vllm_batch import VllmBatch
from tests.batch_server import BatchServer
from tests.executors.batch_runs import Died, Night, reply
from tests.executors.test_batch import DieAt

VLLM, MODEL = os.environ.get("SELFGEN_TEST_VLLM", ""), os.environ.get("SELFGEN_TEST_MODEL", "")
QUIET = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}
PACE = Pace(poll_s=0.3)


class VllmNight(Night):
    """A run whose batches vLLM works through. Both roles share the model."""

    def backend(self, model: str) -> Backend:
        return VllmBatch(
            Lines(model="tiny", send_seed=False), MODEL, log=self.folder / "vllm.log", command=VLLM,
            environment=os.environ | QUIET, args=("--max-model-len", "1024", "--enforce-eager"),
        )  # fmt: skip


def processes_on(folder: Path) -> str:
    """Return the processes whose command line names a folder."""
    return subprocess.run(["pgrep", "-af", str(folder)], capture_output=True, text=True, check=False).stdout


@pytest.mark.night
@pytest.mark.skipif(not (VLLM and MODEL), reason="set SELFGEN_TEST_VLLM (executable) and SELFGEN_TEST_MODEL (a folder)")
@pytest.mark.timeout(600)
def test_a_run_over_run_batch_dies_once_and_ends(tmp_path: Path) -> None:
    with BatchServer(reply) as unused:
        night = VllmNight(
            tmp_path, unused, Policy(target=2), two_models=False, options={"batch_size": 500, "pace": PACE}
        )
        with pytest.raises(Died):
            night.session(DieAt("looked", 3))
        assert processes_on(tmp_path) == ""
        assert night.session() is Stop.TARGET
        assert unused.asked == {}
    answers = [event for event in night.events() if isinstance(event, Answered)]
    assert len(night.dataset()) >= 1
    assert night.steps.count("fetched") >= 2, "an epoch of proposals, and one of answers"
    assert all(event.usage.known and event.model == "tiny" for event in answers)
    assert any(isinstance(event, Judged) for event in night.events())
    assert any("done" in state for snapshot in night.snapshots for state in snapshot.states) or len(answers) < 100
    assert processes_on(tmp_path) == ""
    assert not (tmp_path / "batches").exists()
