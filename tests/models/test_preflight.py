"""What a model proves to be able to, against real loopback servers: abilities, lacks, and faults of a set-up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from selfgen.core.work import Sampling
from selfgen.errors import BadConfig, NoServer, NotAuthorised, Paused
from selfgen.models.abilities import PROMPT_ROOM, Capabilities, Wanted, fitting_room, secret_word
from selfgen.models.chat import Chat
from selfgen.models.lane import Look
from selfgen.models.preflight import LONG_WORDS, Patience, probe
from tests.fault_server import FaultServer
from tests.quirk_server import Answer, Body, QuirkServer, good_chat, obey, refused, said, written

RUN = Sampling(0.7, 0.9, 2048)
VLLM_ROW = {"id": "tiny", "owned_by": "vllm", "root": "/models/tiny", "max_model_len": 4096}


def probed(
    server: FaultServer | QuirkServer, wanted: Wanted | None = None, *, patience_s: float = 0.0, **settings: Any
) -> Capabilities:
    async def run() -> Capabilities:
        chat = Chat(**{"base_url": server.base_url, "model": "tiny", "idle_s": 1.0, **settings})
        naps: list[float] = []

        async def nap(seconds: float) -> None:
            naps.append(seconds)

        try:
            return await probe(chat, wanted, Patience(patience_s, clock=lambda: sum(naps), sleep=nap))
        finally:
            await chat.aclose()

    return asyncio.run(run())


def test_a_good_server_is_seen_whole_in_few_calls() -> None:
    limits = {"x-ratelimit-limit-requests": "500", "x-ratelimit-limit-tokens": "30000"}
    with QuirkServer(headers=limits) as server:
        found = probed(server)
    assert found == Capabilities(
        model="tiny", look=Look("tiny"), listed=True, served_as="tiny", version="", completions=False,
        structured="json_schema", seeds_well=True, seed="exact", n=True, usage_known=True, thinks=False, finished=True,
        exposed=False, long_prompt="kept", long_prompt_tokens=LONG_WORDS + 5, limits={"requests": 500, "tokens": 30000},
    )  # fmt: skip
    assert len(server.bodies) == 5
    assert len({str(body) for body in server.bodies}) == 5  # a cache between us and the model has no part in it


def test_vllm_is_asked_for_a_grammar_and_never_with_a_seed() -> None:
    def chat(body: Body) -> Answer:
        grammar = (body.get("structured_outputs") or {}).get("grammar", "")
        word = secret_word("tiny")
        return said(f'{{"{word}": "{word}"}}' if word in grammar else "well", system_fingerprint="vllm-9")

    with QuirkServer(chat, models=[VLLM_ROW], pages={"/version": (200, {"version": "9.9"})}) as server:
        found = probed(server)
    assert (found.structured, found.seeds_well, found.seed, found.version) == ("grammar", False, "untried", "9.9")
    assert found.look == Look("tiny", "/models/tiny", 4096, "vllm-9")
    assert not any("seed" in body for body in server.bodies)
    assert len(server.bodies) == 3
    assert found.n is False


def test_a_server_that_sleeps_is_not_waited_for() -> None:
    page = {"/is_sleeping": (200, {"is_sleeping": True})}
    with QuirkServer(models=[VLLM_ROW], pages=page) as server:
        with pytest.raises(NoServer, match="sleeps"):
            probed(server, patience_s=60.0)
        assert server.bodies == []
    with QuirkServer(models=[VLLM_ROW], pages={"/is_sleeping": (200, {"is_sleeping": False})}) as server:
        assert not probed(server).exposed  # nobody reaches it but this machine


def test_calls_are_made_under_the_settings_of_the_run() -> None:
    with QuirkServer() as server:
        probed(server, Wanted(RUN), extra_body={"top_k": 4})
    assert {(body["temperature"], body["top_p"], body["top_k"]) for body in server.bodies} == {(0.7, 0.9, 4)}
    assert server.bodies[0]["max_tokens"] == 2048
    with QuirkServer(models=[VLLM_ROW]) as server:
        probed(server, Wanted(RUN))
    assert max(body["max_tokens"] for body in server.bodies) == 256


def test_structured_output_is_proved_by_a_word_that_the_prompt_does_not_hold() -> None:
    with QuirkServer() as server:
        assert probed(server).structured == "json_schema"
        assert not any(secret_word("tiny") in str(body["messages"]) for body in server.bodies)
    with QuirkServer(lambda body: said('{"word": "hello"}')) as server:
        assert probed(server).structured == "off"
    with QuirkServer(lambda body: refused(500, "oops") if obey(body) else good_chat(body)) as server:
        assert probed(server).structured == "off"
    with QuirkServer() as server:
        assert probed(server, Wanted(RUN, ())).structured == "off"
        assert not any(obey(body) for body in server.bodies)


def test_the_word_is_the_same_for_the_same_model() -> None:
    assert secret_word("a") == secret_word("a") != secret_word("b")
    assert secret_word("a").isalpha()


def no_schema(body: Body) -> Answer:
    return refused(400, "response_format is not there", param="response_format") if obey(body) else good_chat(body)


def test_a_form_that_is_refused_is_a_fault_only_where_it_is_required() -> None:
    with QuirkServer(no_schema) as server:
        assert probed(server).structured == "off"
        with pytest.raises(BadConfig, match=r"structured is json_schema.*response_format is not there") as caught:
            probed(server, Wanted(RUN, ("json_schema",), form_required=True))
    assert "structured: auto" in caught.value.todo


@pytest.mark.parametrize(
    ("answer", "seed"),
    [
        (lambda body, nth: said(f"word {body['seed']}"), "exact"),
        (lambda body, nth: said("always the same"), "taken"),
        (lambda body, nth: said(f"word {nth}"), "taken"),
        (lambda body, nth: said("same", reasoning=f"{nth}"), "taken"),
    ],
)
def test_what_a_seed_does(answer: Any, seed: str) -> None:
    calls: list[Body] = []

    def chat(body: Body) -> Answer:
        calls.append(body)
        result: Answer = answer(body, len(calls))
        return result

    with QuirkServer(chat) as server:
        assert probed(server).seed == seed


@pytest.mark.parametrize(
    "answer",
    [
        refused(400, "Unsupported parameter: 'seed'", param="seed", code="unsupported_parameter"),
        refused(400, "property 'seed' is unsupported"),
        (422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}),
        (422, {"message": {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs"}]}, "object": "error"}),
    ],
)  # fmt: skip
def test_a_server_without_seeds_gets_none_unless_they_are_required(answer: Answer) -> None:
    with QuirkServer(lambda body: answer if "seed" in body else good_chat(body)) as server:
        found = probed(server)
        assert (found.seed, found.seeds_well, found.structured) == ("refused", False, "json_schema")
        assert "seed" in server.bodies[0]
        assert not any("seed" in body for body in server.bodies[1:])
        with pytest.raises(BadConfig) as caught:
            probed(server, Wanted(RUN, send_seed="on"))
        assert caught.value.todo == "Set calls.send_seed: off."
        assert probed(server, Wanted(RUN, send_seed="off")).seed == "untried"


@pytest.mark.parametrize(
    ("answer", "thinks"),
    [
        (said("ok", reasoning="Let me see."), True),
        (said("ok", reasoning_content="Let me see."), True),
        (said("<think>\nhm\n</think>\nok"), True),
        (said("hm</think>ok"), True),
        (said("ok", usage={"prompt_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 64}}), True),
        (said("ok", usage={"prompt_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 0}}), False),
        (said("I think <b>thinking</b> is fine"), False),
        (said("ok", reasoning=None), False),
    ],
)
def test_whether_it_thinks_first(answer: Answer, thinks: bool) -> None:
    with QuirkServer(lambda body: answer) as server:
        found = probed(server)
    assert found.thinks is thinks
    proof = next(body for body in server.bodies if "response_format" in body)
    assert proof["max_tokens"] == (2048 if thinks else 256)


def test_a_reply_without_end_is_noticed() -> None:
    with QuirkServer(lambda body: said("la " * 99, finish_reason="length")) as server:
        assert not probed(server).finished


@pytest.mark.parametrize(
    ("answer", "told", "tokens"),
    [
        (lambda words: said("ok", prompt_tokens=words), "kept", LONG_WORDS + 5),
        (lambda words: said("ok", prompt_tokens=int(words * 1.4)), "kept", int((LONG_WORDS + 5) * 1.4)),
        (lambda words: said("ok", prompt_tokens=min(words, 2048)), "cut", 2048),
        (lambda words: refused(400, "too long") if words > 1000 else said("ok"), "refused", None),
        (lambda words: said("ok", usage={}), "untried", None),
    ],
)
def test_what_becomes_of_a_long_prompt(answer: Any, told: str, tokens: int | None) -> None:
    def chat(body: Body) -> Answer:
        result: Answer = answer(len(body["messages"][0]["content"].split()))
        return result

    with QuirkServer(chat) as server:
        found = probed(server)
    assert (found.long_prompt, found.long_prompt_tokens) == (told, tokens)
    assert found.usage_known is (told != "untried")


def test_a_server_that_tells_its_context_is_sent_no_long_prompt() -> None:
    with QuirkServer(models=[{"id": "tiny", "context_length": 8192}]) as server:
        found = probed(server)
    assert (found.long_prompt, found.look.max_model_len) == ("untried", 8192)


NO_TEMPLATE = (
    "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template"
)


@pytest.mark.parametrize("answer", [refused(400, NO_TEMPLATE), refused(404, "Not Found"), (405, {"detail": "no"})])
def test_a_model_without_a_chat_template_is_asked_in_plain_text(answer: Answer) -> None:
    with QuirkServer(lambda body: answer, plain=lambda body: written("a word")) as server:
        found = probed(server)
    assert found.completions
    assert [each.path for each in server.asked[:3]] == ["/v1/models", "/v1/chat/completions", "/v1/completions"]
    assert all("prompt" in body and "messages" not in body for body in server.bodies[1:])


def test_a_model_with_neither_template_nor_seeds() -> None:
    def plain(body: Body) -> Answer:
        return refused(400, "seed is unsupported") if "seed" in body else written("a word")

    with QuirkServer(lambda body: refused(400, NO_TEMPLATE), plain=plain) as server:
        found = probed(server)
    assert (found.completions, found.seed, found.structured) == (True, "refused", "off")


def test_a_server_without_either_is_set_up_wrongly() -> None:
    with QuirkServer(lambda body: refused(404, "nothing here"), plain=None) as server:
        with pytest.raises(BadConfig, match="404 nothing here"):
            probed(server)
        assert [each.path for each in server.asked][1:3] == ["/v1/chat/completions", "/v1/completions"]


def test_an_unknown_model_is_refused_with_those_on_offer_and_not_asked_twice() -> None:
    with FaultServer(models=("a", "b")) as server:
        with pytest.raises(BadConfig, match="a, b"):
            probed(server, model="nope")
        assert sum(server.asked.values()) == 1


UNSUPPORTED = {"code": "unsupported_parameter"}
CONTEXT = "max_tokens=9000 cannot be greater than max_model_len=4096. Please request fewer output tokens."
SAMPLES = (
    "max_tokens is too large: 9000. This model supports at most 4096 completion tokens, whereas you provided 9000."
)


@pytest.mark.parametrize(
    ("answer", "what", "todo"),
    [
        (refused(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                 "'max_completion_tokens' instead.", param="max_tokens", **UNSUPPORTED),
         "not supported", "Set max_tokens_field: max_completion_tokens for this model."),
        (refused(400, "max_tokens is not supported"), "not supported",
         "Set max_tokens_field: max_completion_tokens for this model."),
        (refused(400, "Unsupported value: 'temperature' does not support 0.7 with this model.", param="temperature",
                 code="unsupported_value"), "0.7", "Set temperature: 1 for this model."),
        (refused(400, "temperature and top_p cannot both be set"), "both", "Set temperature: 1 for this model."),
        (refused(400, CONTEXT, param="max_tokens", code=400),
         "max_tokens is 2,048, and the context of tiny is 4,096 tokens in all", "Set max_tokens to 1,536 or less."),
        (refused(400, SAMPLES, param="max_tokens"), "at most 4096", "Set max_tokens to 4,096 or less."),
        (refused(400, "Invalid max_tokens value, the valid range of max_tokens is [1, 100]"), "valid range",
         "Set max_tokens to what the server allows."),
        (refused(400, "Unrecognized request argument supplied: top_k"), "top_k",
         "Remove top_k from extra_body, or correct it."),
        (refused(400, "no"), "no", "Check extra_body and the settings of the model."),
    ],
)  # fmt: skip
def test_a_setting_that_the_server_will_not_have_is_named(answer: Answer, what: str, todo: str) -> None:
    with QuirkServer(lambda body: answer) as server, pytest.raises(BadConfig) as caught:
        probed(server, Wanted(RUN), extra_body={"top_k": 4})
    assert what in caught.value.what
    assert caught.value.todo == todo


def test_a_max_tokens_that_fits_leaves_room_for_a_prompt() -> None:
    for context in (2048, 4096, 8192, 131_072):
        assert 0 < fitting_room(context) < context
    assert fitting_room(8192) == 8192 - PROMPT_ROOM


def test_a_wrong_key_and_an_empty_account() -> None:
    with QuirkServer(key="sk-right") as server:
        with pytest.raises(NotAuthorised):
            probed(server, key="sk-wrong")
        assert probed(server, key="sk-right").structured == "json_schema"
    with FaultServer(script=["quota"]) as server, pytest.raises(Paused):
        probed(server)


def test_a_key_that_may_not_list_models_may_generate() -> None:
    with QuirkServer(pages={"/v1/models": refused(403, "Missing scopes: api.model.read")}) as server:
        found = probed(server, key="sk-narrow")
    assert (found.listed, found.structured) == (None, "json_schema")


def test_a_server_that_is_loading_is_waited_for() -> None:
    with FaultServer(script=["503", "500", "reset", "429_after"]) as server:
        assert probed(server, patience_s=60.0).structured == "json_schema"
    with FaultServer(script=["503"] * 9) as server, pytest.raises(NoServer):
        probed(server, patience_s=5.0)


@pytest.mark.parametrize("fate", ["400", "503", "404"])
def test_what_a_run_can_do_without_is_not_required(fate: str) -> None:
    with FaultServer(script=["ok", "ok", *[fate] * 3]) as server:
        found = probed(server)
    assert (found.structured, found.seed) == ("json_schema", "untried")
    assert not found.n
