"""What is typed to start vLLM: our defaults, and how they give way to what the user set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from selfgen.errors import BadConfig, NoServer
from selfgen.models.vllm_command import Launch, clean_environment, find_command, name_of, options, prepare
from tests.vllm_stand_in import install

DEFAULTS = ["--served-model-name", "plain", "--host", "127.0.0.1", "--port", "8123"]
QUIETLY = ["--enable-prefix-caching", "--disable-uvicorn-access-log"]


@pytest.fixture
def vllm(tmp_path: Path) -> Path:
    return install(tmp_path / "bin")


def launch(vllm: Path, *args: str, model: str = "", tokens: int = 16_384, **environment: str) -> Launch:
    there = {"PATH": str(vllm.parent), "HOME": "/nowhere", **environment}
    return prepare(model or str(vllm.parent / "plain"), there, args=args, port=8123, tokens=tokens)


def test_the_defaults(vllm: Path) -> None:
    made = launch(vllm)
    assert [*made.words] == [str(vllm), "serve", str(vllm.parent / "plain"), *DEFAULTS, *QUIETLY]
    assert (made.name, made.base_url, made.key, made.notes) == ("plain", "http://127.0.0.1:8123/v1", "", ())


@pytest.mark.parametrize(
    ("args", "left"),
    [
        (("--port", "9000"), "--port"),
        (("--port=9000",), "--port"),
        (("--host=0.0.0.0",), "--host"),
        (("--served-model-name", "one", "two"), "--served-model-name"),
        (("--served_model_name=one",), "--served-model-name"),
        (("--served-model", "one"), "--served-model-name"),
        (("--no-enable-prefix-caching",), "--enable-prefix-caching"),
        (("--enable_prefix_caching",), "--enable-prefix-caching"),
        (("--disable-uvicorn-access-log",), "--disable-uvicorn-access-log"),
        (("--max-model-len", "2k"), "--max-model-len"),
        (("--max_model_len=-1",), "--max-model-len"),
    ],
)
def test_what_the_user_gave_is_given_once(vllm: Path, args: tuple[str, ...], left: str) -> None:
    made = launch(vllm, *args, tokens=2048)
    assert made.words[-len(args) :] == args
    ours = made.words[: -len(args)]
    assert left not in ours
    assert len([word for word in ours if word.startswith("--")]) == 5


def test_what_follows_from_the_users_options(vllm: Path) -> None:
    made = launch(vllm, "--port", "9000", "--host", "0.0.0.0", "--served-model-name", "one", "two", "--api-key=geheim")
    assert (made.name, made.base_url, made.key) == ("one", "http://127.0.0.1:9000/v1", "geheim")
    assert "geheim" not in made.shown()
    assert "geheim" not in launch(vllm, "--api-key", "geheim", "--dtype", "auto").shown()
    assert launch(vllm, "--api-key", "geheim", "--dtype", "auto").shown().endswith("--api-key ... --dtype auto")
    assert launch(vllm, "--served-model", "one").name == "one"
    assert launch(vllm, "--host", "::1").base_url == "http://[::1]:8123/v1"
    assert launch(vllm, VLLM_API_KEY="k").key == "k"
    assert options(["-tp", "2", "--a", "--b", "1", "--c_d=x=y"]) == {"--a": "", "--b": "1", "--c-d": "x=y"}


def test_a_file_of_options_keeps_its_word(vllm: Path) -> None:
    made = launch(vllm, "--config", "mine.yaml", tokens=100)
    assert [*made.words[3:]] == [*DEFAULTS, "--config", "mine.yaml"]


@pytest.mark.parametrize("args", [("--uds", "/tmp/x"), ("--headless",), ("--ssl_certfile=x",), ("--port", "http")])
def test_servers_that_nobody_could_speak_with(vllm: Path, args: tuple[str, ...]) -> None:
    with pytest.raises(BadConfig, match="--"):
        launch(vllm, *args)


@pytest.mark.parametrize(
    ("config", "tokenizer", "given"),
    [
        ({"max_position_embeddings": 131072}, {}, 16384),
        ({"text_config": {"max_position_embeddings": 40960}}, {"model_max_length": 10**30}, 16384),
        ({"max_position_embeddings": 40960}, {"model_max_length": 8192}, None),
        ({"max_position_embeddings": 16384}, {}, None),
        ({"n_positions": "many"}, {}, None),
        ({}, {}, None),
    ],
)
def test_a_long_context_is_capped_and_said(vllm: Path, config: object, tokenizer: object, given: int | None) -> None:
    model = vllm.parent / "plain"
    (model / "config.json").write_text(json.dumps(config))
    (model / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    made = launch(vllm)
    assert ("--max-model-len" in made.words) is (given is not None)
    assert bool(made.notes) is (given is not None)
    if given is not None:
        assert made.words[-2:] == ("--max-model-len", str(given))
        assert "16,384 of the" in made.notes[0]


def test_a_broken_config_is_vllms_business(vllm: Path) -> None:
    (vllm.parent / "plain" / "config.json").write_text("[" * 10_000)
    assert launch(vllm).notes == ()


def test_a_hub_id_that_is_not_here_is_told(vllm: Path, tmp_path: Path) -> None:
    made = launch(vllm, model="some-org/Some-7B", HF_HOME=str(tmp_path / "hub-home"))
    assert made.name == "some-org/Some-7B"
    assert made.notes == ("some-org/Some-7B is not on this machine: vLLM downloads it from its hub now",)
    kept = tmp_path / "hub-home" / "hub" / "models--some-org--Some-7B" / "snapshots" / "abc"
    kept.mkdir(parents=True)
    (kept / "config.json").write_text('{"max_position_embeddings": 32768}')
    made = launch(vllm, model="some-org/Some-7B", HF_HOME=str(tmp_path / "hub-home"))
    assert made.words[-2:] == ("--max-model-len", "16384")
    assert "context" in made.notes[0]
    assert "forbids" in launch(vllm, model="some-org/Some-7B", HF_HUB_OFFLINE="1", HF_HOME="/nowhere").notes[0]
    assert launch(vllm, model="some-org/Some-7B", VLLM_USE_MODELSCOPE="True", HF_HOME="/nowhere").notes == ()
    assert launch(vllm, "--download-dir", "/x", model="some-org/Some-7B", HF_HOME="/nowhere").notes == ()
    assert launch(vllm, model="s3://bucket/some/model").notes == ()


@pytest.mark.parametrize("model", ["", "./nowhere", "/nowhere/at/all", "~/nowhere", "a/b/c"])
def test_paths_without_a_model(vllm: Path, model: str) -> None:
    with pytest.raises(BadConfig, match="there is no model at"):
        prepare(model, {"PATH": str(vllm.parent)}, port=8123)


def test_folders_with_and_without_a_model(vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = vllm.parent / "小模型"
    folder.mkdir()
    with pytest.raises(BadConfig, match=r"no config\.json"):
        launch(vllm, model=str(folder))
    (folder / "params.json").write_text("{}")
    assert launch(vllm, model=str(folder)).name == "小模型"
    monkeypatch.chdir(folder)
    assert name_of(".") == "小模型"
    assert launch(vllm, model="../小模型").name == "小模型"


def test_finding_the_executable(vllm: Path, tmp_path: Path) -> None:
    environment = {"PATH": str(vllm.parent)}
    assert find_command("", environment) == [str(vllm)]
    assert find_command(str(vllm), {}) == [str(vllm)]
    assert find_command("vllm --verbose", environment) == [str(vllm), "--verbose"]
    with pytest.raises(NoServer, match="not installed"):
        find_command("", {"PATH": str(tmp_path)})
    for wrong in (str(tmp_path / "vllm"), "not 'closed", "other thing"):
        with pytest.raises(BadConfig, match="no executable"):
            find_command(wrong, environment)


def test_keys_stay_here_and_nobody_is_told() -> None:
    given = {
        "OPENAI_API_KEY": "k", "deepseek_api_key": "k", "MY_HOOK": "k", "HF_TOKEN": "t", "VLLM_API_KEY": "v",
        "CUDA_VISIBLE_DEVICES": "1", "DO_NOT_TRACK": "0",
    }  # fmt: skip
    assert clean_environment(given, ("MY_HOOK",)) == {
        "HF_TOKEN": "t", "VLLM_API_KEY": "v", "CUDA_VISIBLE_DEVICES": "1", "DO_NOT_TRACK": "0",
        "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": "4",
    }  # fmt: skip
    assert clean_environment({"VLLM_CPU_KVCACHE_SPACE": "9"})["VLLM_CPU_KVCACHE_SPACE"] == "9"


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "DB_PASSWORD",
        "STRIPE_SECRET", "slack_webhook_url", "GOOGLE_APPLICATION_CREDENTIALS", "DATABASE_URL", "OPENAI_APIKEY",
    ],
)  # fmt: skip
def test_secrets_for_others_stay_here(name: str) -> None:
    assert name not in clean_environment({name: "k", "PATH": "/bin"}, model="/models/a")


@pytest.mark.parametrize(
    "name",
    ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "VLLM_API_KEY", "HTTPS_PROXY", "MAX_TOKENS"],
)
def test_what_vllm_may_need_passes(name: str) -> None:
    assert clean_environment({name: "k"})[name] == "k"


def test_the_store_of_a_model_stays_open() -> None:
    given = {"AWS_SECRET_ACCESS_KEY": "k", "AWS_REGION": "r", "MY_SECRET": "s"}
    assert clean_environment(given, model="s3://bucket/m").keys() >= {"AWS_SECRET_ACCESS_KEY", "AWS_REGION"}
    assert "AWS_SECRET_ACCESS_KEY" not in clean_environment(given, ("AWS_SECRET_ACCESS_KEY",), model="s3://bucket/m")
    assert "MY_SECRET" not in clean_environment(given, model="s3://bucket/m")


@pytest.mark.parametrize(
    "words",
    [("--api-k", "geheim"), ("--hf-tok=geheim",), ("--api-key", "geheim", "geheim"), ("--api_k", "geheim")],
)
def test_a_secret_is_hidden_however_the_option_is_written(vllm: Path, words: tuple[str, ...]) -> None:
    shown = launch(vllm, *words, "--dtype", "auto").shown()
    assert "geheim" not in shown
    assert shown.endswith("--dtype auto")


@pytest.mark.parametrize("model", ["--trust-remote-code", "-tp", "--model=x", "a\nb", "org/a\x1b[2J"])
def test_a_model_is_no_option_and_one_line(vllm: Path, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = vllm.parent / "here"
    (folder / model).mkdir(parents=True)
    (folder / model / "config.json").write_text("{}")
    monkeypatch.chdir(folder)
    with pytest.raises(BadConfig):
        launch(vllm, model=model)
    with pytest.raises(BadConfig, match=r"cannot be called|no model at"):
        launch(vllm, model=str(folder / model))
