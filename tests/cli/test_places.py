"""`vllm:NAME` and several servers, as they are typed, become settings; a model keeps its name wherever it is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfgen.assemble.places import addresses, at, move, nowhere, own_servers, unfold, without_keys
from selfgen.assemble.servers import place_all
from selfgen.assemble.settings import gather
from selfgen.config import ModelConfig, RunConfig, build, identity_of
from selfgen.errors import BadConfig


def config(**propose: object) -> RunConfig:
    return build({"propose": propose}, "test")


def urls(model: ModelConfig) -> list[str]:
    return [place.url for place in model.places]


def test_a_folder_is_served_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "Qwen-8B").mkdir()
    made = unfold(config(model=f"vllm:{tmp_path}/Qwen-8B")).propose
    assert (made.model, made.vllm.model) == ("Qwen-8B", str(tmp_path / "Qwen-8B"))


def test_an_id_keeps_its_name() -> None:
    made = unfold(config(model="vllm:Qwen/Qwen3-8B")).propose
    assert (made.model, made.vllm.model) == ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B")


@pytest.mark.parametrize("name", ["vllm:", "vllm:  ", "vllm:./nowhere", "vllm:/no/such/folder", "vllm:~/nothing-here"])
def test_a_name_that_means_nothing_is_told(name: str) -> None:
    with pytest.raises(BadConfig):
        unfold(config(model=name))


def test_a_server_to_start_and_one_that_runs_exclude_each_other() -> None:
    with pytest.raises(BadConfig, match="address"):
        unfold(config(model="vllm:a/b", base_url="http://localhost:8000/v1"))
    with pytest.raises(BadConfig, match="address"):
        unfold(config(model="vllm:a/b", endpoints=[{"url": "http://localhost:8000/v1"}]))


def test_a_path_in_a_configuration_file_counts_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "models" / "mine").mkdir(parents=True)
    (tmp_path / "run.yaml").write_text("propose: {model: 'vllm:models/mine'}\n")
    made = gather(tmp_path / "run.yaml", {}).propose
    assert (made.model, made.vllm.model) == ("mine", str(tmp_path / "models/mine"))


def test_one_address_or_several() -> None:
    assert addresses(None) == addresses([]) == {}
    assert addresses(["http://a/v1"]) == {"base_url": "http://a/v1", "endpoints": []}
    two = ModelConfig.model_validate(addresses(["http://a/v1", "http://b/v1"]))
    assert [place.url for place in two.places] == ["http://a/v1", "http://b/v1"]


def test_where_a_model_is_served_is_not_identity() -> None:
    own = unfold(config(model="vllm:a/b"))
    elsewhere = config(model="a/b", endpoints=[{"url": "http://a/v1"}, {"url": "http://b/v1"}])
    assert identity_of(own) == identity_of(elsewhere) == identity_of(config(model="a/b", base_url="http://c/v1"))
    assert identity_of(own) != identity_of(unfold(config(model="vllm:a/c")))


def test_two_roles_share_a_server_unless_the_models_differ() -> None:
    shared = unfold(config(model="vllm:a/b"))
    assert own_servers(shared) == ["propose"]
    placed = at(shared.model_copy(update={"answer": shared.answering}), "propose", "http://127.0.0.1:5/v1")
    assert urls(placed.propose) == urls(placed.answering) == ["http://127.0.0.1:5/v1"]
    two = unfold(build({"propose": {"model": "vllm:a/b"}, "answer": {"model": "vllm:c/d"}}, "test"))
    assert own_servers(two) == ["propose", "answer"]
    apart = at(two, "answer", "http://127.0.0.1:6/v1")
    assert (urls(apart.propose), urls(apart.answering)) == ([], ["http://127.0.0.1:6/v1"])
    assert nowhere(apart) == two


def test_a_model_may_move() -> None:
    own = unfold(config(model="vllm:a/b")).propose
    moved = move(own, ["http://a/v1", "http://b/v1"])
    assert (moved.vllm.model, moved.base_url, len(moved.endpoints), moved.model) == ("", "", 2, "a/b")


@pytest.mark.parametrize(
    ("args", "kept"),
    [
        (["--api-key", "k", "--dtype", "half"], ("--dtype", "half")),
        (["--api-key", "k1", "k2", "--port", "1"], ("--port", "1")),
        (["--dtype", "half", "--api-k=k"], ("--dtype", "half")),
        (["--hf-token", "t"], ()),
        (["--hf-overrides", "{}", "-tp", "2"], ("--hf-overrides", "{}", "-tp", "2")),
    ],
)
def test_a_key_for_vllm_lies_in_no_header(args: list[str], kept: tuple[str, ...]) -> None:
    assert without_keys(args) == kept
    made = unfold(config(model="vllm:a/b", vllm={"args": args}))
    assert nowhere(made).propose.vllm.args == kept


def test_one_key_is_not_for_two_hosts() -> None:
    wanted = build(
        {
            "propose": {"model": "a", "base_url": "https://one.example/v1"},
            "answer": {"model": "b", "base_url": "https://two.example/v1"},
        },
        "test",
    )
    assert place_all(wanted, {}).answering.base_url == "https://two.example/v1"
    with pytest.raises(BadConfig, match=r"OPENAI_API_KEY would go to one\.example and two\.example"):
        place_all(wanted, {"OPENAI_API_KEY": "sk-x"})
    other = wanted.model_copy(update={"answer": wanted.answering.model_copy(update={"api_key_env": "TWO_KEY"})})
    assert place_all(other, {"OPENAI_API_KEY": "sk-x", "TWO_KEY": "k"}).answering.api_key_env == "TWO_KEY"
