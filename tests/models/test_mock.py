"""The stand-in model as its callers see it: forms, rates, refusals, limits, options, and replies to unknown tasks."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfgen.core.work import Answered, Ask, CallId, Message, Sampling, Schema
from selfgen.errors import BadConfig
from selfgen.models.mock import NAME, Mock, Rates, reply, wait_s
from selfgen.models.mocking import mess
from selfgen.models.mocking.book import Lang, compose, look_up
from selfgen.models.mocking.dice import Dice
from selfgen.models.mocking.reply import answer, find_task, tasks_asked_for, tokens

PURE = Rates(0, 0, 0, 0)
LANGS: tuple[Lang, ...] = ("en", "zh")
ASKING = {"en": "Write 6 new tasks as JSON.", "zh": "请出 6 道新题，用 JSON 输出。"}


def propose_form(count: int) -> str:
    return json.dumps({"properties": {"tasks": {"type": "array", "minItems": 1, "maxItems": count}}})


def user(text: str) -> tuple[Message, ...]:
    return (Message("system", "..."), Message("user", text))


def propose(seed: int, lang: Lang, rates: Rates = PURE, name: str = "self_instruct_propose") -> tuple[str, str]:
    return reply(user(ASKING[lang]), name, seed, rates, schema_body=propose_form(6))


def ask(text: str, name: str | None, seed: int = 1, body: str = "{}", max_tokens: int = 2000) -> Ask:
    schema = Schema(name, body) if name else None
    return Ask(CallId(3, 0, 0), "propose", user(text), Sampling(1, 1, max_tokens), seed, schema, "sha256:d")


def answered(mock: Mock, asked: Ask) -> tuple[str, str]:
    got = asyncio.run(mock.answer(asked))
    assert isinstance(got, Answered)
    assert (got.id, got.model, got.prompt_digest) == (asked.id, NAME, asked.prompt_digest)
    assert got.usage.known
    assert got.usage.completion_tokens == tokens(got.text)
    return got.text, got.finish


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", ["self_instruct_propose", "alpaca_propose", None])
def test_same_prompt_and_seed_give_the_same_reply(lang: Lang, name: str | None) -> None:
    one, two = propose(7, lang, Rates(), name or "x"), propose(7, lang, Rates(), name or "x")
    assert one == two
    if name:
        assert propose(8, lang, Rates(), name) != one
        assert reply(user(ASKING[lang] + " "), name, 7, schema_body=propose_form(6)) != one


@pytest.mark.parametrize("lang", LANGS)
def test_self_instruct_proposals_have_the_form_that_was_asked_for(lang: Lang) -> None:
    kinds = set()
    for seed in range(40):
        text, finish = propose(seed, lang)
        tasks = json.loads(text)["tasks"]
        assert (len(tasks), finish) == (6, "stop")
        for task in tasks:
            assert list(task) == ["instruction", "kind", "needs_input"]
            family = look_up(task["instruction"])
            assert family is not None
            assert (task["kind"], task["needs_input"]) == (family.family.kind, family.family.needs_input)
            kinds.add(task["kind"])
    assert kinds == {"open", "classification"}


@pytest.mark.parametrize("lang", LANGS)
def test_alpaca_proposals_answer_themselves_as_a_separate_call_would(lang: Lang) -> None:
    with_input = 0
    for seed in range(30):
        for task in json.loads(propose(seed, lang, PURE, "alpaca_propose")[0])["tasks"]:
            assert list(task) == ["instruction", "input", "output"]
            assert task["output"].strip()
            text = f"{task['instruction']}\n\n{task['input']}" if task["input"] else task["instruction"]
            assert reply(user(text), None, 1, PURE) == (task["output"], "stop")
            with_input += bool(task["input"])
    assert 45 < with_input < 135


def test_number_of_tasks_comes_from_the_schema() -> None:
    assert tasks_asked_for(propose_form(9)) == 9
    assert tasks_asked_for(json.dumps({"properties": {"tasks": {"minItems": 4}}})) == 4
    assert tasks_asked_for("") == 6
    text, _ = reply(user("x"), "self_instruct_propose", 1, PURE, schema_body=propose_form(3))
    assert len(json.loads(text)["tasks"]) == 3


def prompt_about(instruction: str, lang: Lang, pick: str = "") -> str:
    examples = '{"instruction": "Sort the numbers below from smallest to largest.", "input": "3, 1"}'
    told = {"en": f"Choose the label that the instruction names {pick}.", "zh": f"请选题目里最{pick}提到的标签。"}[lang]
    return (
        f"Examples:\n{examples}\n\nThe task:\n{json.dumps({'instruction': instruction}, ensure_ascii=False)}\n\n{told}"
    )


@pytest.mark.parametrize("lang", LANGS)
def test_stages_after_the_proposal_find_their_instruction_in_the_prompt(lang: Lang) -> None:
    seen = set()
    for number in range(300):
        task = compose(lang, Dice("stage", number))
        prompt = user(prompt_about(task.instruction, lang))
        kind = json.loads(reply(prompt, "self_instruct_classify", number, PURE)[0])
        assert kind == {"kind": task.family.kind}
        seen.add(task.family.kind)
        if task.family.kind == "open":
            made = json.loads(reply(prompt, "self_instruct_input_first", number, PURE)[0])
            assert list(made) == ["input"]
            assert bool(made["input"]) == task.family.needs_input
    assert seen == {"open", "classification"}


@pytest.mark.parametrize(
    ("lang", "pick", "place"), [("en", "first", 0), ("en", "last", -1), ("zh", "先", 0), ("zh", "后", -1)]
)
def test_output_first_takes_the_label_it_is_told_to_and_a_text_that_deserves_it(
    lang: Lang, pick: str, place: int
) -> None:
    checked = 0
    for number in range(400):
        task = compose(lang, Dice("label", number))
        if task.family.options is None:
            continue
        checked += 1
        labels = task.family.options(task.slots)
        prompt = user(prompt_about(task.instruction, lang, pick))
        made = json.loads(reply(prompt, "self_instruct_output_first", number, PURE)[0])
        assert list(made) == ["output", "input"]
        assert made["output"] == labels[place]
        assert made["output"] in task.instruction
        assert reply(user(f"{task.instruction}\n\n{made['input']}"), None, 1, PURE)[0] == labels[place]
    assert checked > 50


def test_a_known_line_is_found_where_a_prompt_holds_no_json() -> None:
    task, _ = find_task(
        "Please invent an input for this one.\nSort the numbers below from smallest to largest.\nThank you."
    )
    assert task is not None
    assert task.family.name == "sort_up"
    assert find_task("Nothing here is known.\nNor here.")[0] is None


@pytest.mark.parametrize("lang", LANGS)
def test_share_of_near_duplicates_is_the_rate(lang: Lang) -> None:
    def favourites(rate: float) -> int:
        rates = Rates(rate, 0, 0, 0)
        texts = [t["instruction"] for s in range(150) for t in json.loads(propose(s, lang, rates)[0])["tasks"]]
        return len(texts) - len(set(texts))

    assert favourites(0) < 60
    assert 220 < favourites(0.3) < 360


@pytest.mark.parametrize("lang", LANGS)
def test_refusals_come_at_their_rate_and_look_like_refusals(lang: Lang) -> None:
    texts = [propose(seed, lang, Rates(0, 0, 0.2, 0))[0] for seed in range(500)]
    refused = [text for text in texts if text in mess.REFUSALS[lang]]
    assert 60 < len(refused) < 140
    assert set(refused) == set(mess.REFUSALS[lang])


@pytest.mark.parametrize("lang", LANGS)
def test_cut_replies_say_so(lang: Lang) -> None:
    replies = [propose(seed, lang, Rates(0, 0, 0, 0.2)) for seed in range(500)]
    cut = [(seed, text) for seed, (text, finish) in enumerate(replies) if finish == "length"]
    assert 60 < len(cut) < 140
    assert all(propose(seed, lang)[0].startswith(text) for seed, text in cut)


@pytest.mark.parametrize("lang", LANGS)
def test_malformed_replies_are_of_many_kinds(lang: Lang) -> None:
    whole = [propose(seed, lang)[0] for seed in range(200)]
    broken = [propose(seed, lang, Rates(0, 1, 0, 0))[0] for seed in range(200)]
    assert all(one != other for one, other in zip(broken, whole, strict=True))
    signs = ("```json", "<think>", "{'tasks'", "1. ", ",]}", '{"instruction"', '{"tasks"')
    assert {sign for sign in signs if any(text.startswith(sign) or text.endswith(sign) for text in broken)} == set(
        signs
    )


@pytest.mark.parametrize("lang", LANGS)
def test_malformed_answers_differ_from_the_answer(lang: Lang) -> None:
    text = compose(lang, Dice("answer", 1)).instruction
    kinds = {reply(user(text), None, seed, Rates(0, 1, 0, 0))[0] for seed in range(60)}
    assert "" in kinds
    assert any(kind.startswith("<think>") for kind in kinds)
    assert answer(text) not in kinds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Who will win the next election?", "This is a stand-in reply to: Who will win the next election?"),
        ("请问 下届 冠军是谁？", "（示例回复，不是真正的回答）请问 下届 冠军是谁？"),
        ("", "This is a stand-in reply to: "),
        ("x" * 5000, "This is a stand-in reply to: " + "x" * 200),
        ("Break 999999999999999989 down into its prime factors.", "This is a stand-in reply to: Break 9"),
        ("What is the capital of Atlantis?", "This is a stand-in reply to: What is the capital of Atlantis?"),
        ("Convert 5 parsecs to cubits, rounded to two decimals.", "This is a stand-in reply to: Convert 5 parsecs"),
        (
            "Sort the numbers below from smallest to largest.\n\none, two",
            "This is a stand-in reply to: Sort the numbers",
        ),
        ("Rewrite the sentence below in capital letters.", "This is a stand-in reply to: Rewrite the sentence"),
        ("Put together a vegan dinner plan for 999999999999 days for Zoe in Rome.", "This is a stand-in reply to: Put"),
    ],
)
def test_unknown_tasks_get_a_plain_honest_line(text: str, said: str) -> None:
    assert reply(user(text), None, 1, PURE)[0].startswith(said)


def test_unknown_instructions_do_no_harm_in_other_stages() -> None:
    prompt = user(prompt_about("Guess my name.", "en", "first"))
    assert json.loads(reply(prompt, "self_instruct_classify", 1, PURE)[0]) == {"kind": "open"}
    assert json.loads(reply(prompt, "self_instruct_input_first", 1, PURE)[0]) == {"input": ""}
    assert json.loads(reply(prompt, "self_instruct_output_first", 1, PURE)[0])["output"] == "no label"
    strange = user(prompt_about("Is the review below splendid, dreadful or so-so?", "en", "last"))
    assert json.loads(reply(strange, "self_instruct_output_first", 1, PURE)[0])["output"] == "so-so"


def test_a_form_that_it_does_not_know_is_filled_plainly() -> None:
    form = {
        "type": "object",
        "properties": {
            "token": {"const": "k7"},
            "kind": {"enum": ["a", "b"]},
            "words": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "size": {"type": "integer", "minimum": 3},
            "sure": {"type": "boolean"},
        },
    }
    made = json.loads(reply(user("x"), "probe", 1, PURE, schema_body=json.dumps(form))[0])
    assert made == {"token": "k7", "kind": "a", "words": ["stand-in"] * 2, "size": 3, "sure": False}


def test_replies_longer_than_max_tokens_are_cut() -> None:
    mock = Mock(malformed_rate=0, refusal_rate=0, cut_rate=0)
    whole = answered(mock, ask("x", "self_instruct_propose", body=propose_form(6)))
    cut = answered(mock, ask("x", "self_instruct_propose", body=propose_form(6), max_tokens=40))
    assert whole[1] == "stop"
    assert cut[1] == "length"
    assert whole[0].startswith(cut[0])
    assert 30 <= tokens(cut[0]) <= 40


def test_language_is_guessed_from_the_prompt_or_set() -> None:
    asked = ask("Write tasks.", "alpaca_propose", body=propose_form(6))
    assert (
        answered(Mock(lang="en", malformed_rate=0, refusal_rate=0, cut_rate=0), asked)[0]
        == answered(Mock(malformed_rate=0, refusal_rate=0, cut_rate=0), asked)[0]
    )
    chinese = answered(Mock(lang="zh", malformed_rate=0, refusal_rate=0, cut_rate=0), asked)[0]
    assert sum("\u4e00" <= character <= "\u9fff" for character in chinese) > len(chinese) / 3


def test_room_shrinks_while_calls_are_under_way() -> None:
    async def watch() -> tuple[int, int, int, str]:
        mock = Mock(concurrency=3, latency_s=0.02)
        before = mock.room()
        calls = [asyncio.create_task(mock.answer(ask("x", None, seed))) for seed in range(2)]
        await asyncio.sleep(0)
        during = mock.room()
        await asyncio.gather(*calls)
        after, state = mock.room(), mock.state()
        await mock.aclose()
        return before, during, after, state

    assert asyncio.run(watch()) == (3, 1, 3, "")


def test_room_is_given_back_when_a_call_is_cancelled() -> None:
    async def cancel() -> int:
        mock = Mock(concurrency=3, latency_s=30)
        call = asyncio.create_task(mock.answer(ask("x", None)))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return mock.room()

    assert asyncio.run(cancel()) == 3


def test_latency_is_heavy_tailed_around_its_mean_and_a_function_of_the_seed() -> None:
    waits = sorted(wait_s(seed, 1.0) for seed in range(4000))
    assert 0.9 < sum(waits) / len(waits) < 1.1
    assert waits[len(waits) // 2] < 0.7
    assert waits[len(waits) * 99 // 100] > 4
    assert wait_s(11, 2.0) == pytest.approx(2 * wait_s(11, 1.0))
    assert wait_s(11, 0.0) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"malformed_rate": 1.5},
        {"near_duplicate_rate": -0.1},
        {"refusal_rate": float("nan")},
        {"cut_rate": 2},
        {"thinking_rate": 1.1},
        {"context": -1},
        {"latency_s": -1.0},
        {"latency_s": float("inf")},
        {"concurrency": 0},
        {"lang": "fr"},
    ],
)
def test_options_out_of_range_are_refused_by_name(options: dict[str, object]) -> None:
    with pytest.raises(BadConfig, match=next(iter(options))):
        Mock(**options)  # type: ignore[arg-type]


def test_it_is_quick() -> None:
    proposals = [propose(seed, "en") for seed in range(3)]
    texts = [user(compose(lang, Dice("quick", n)).instruction) for n in range(100) for lang in LANGS]
    [reply(text, None, 1) for text in texts]
    start = time.perf_counter()
    proposals += [propose(seed, lang) for seed in range(50) for lang in LANGS]
    middle = time.perf_counter()
    [reply(text, None, 1) for text in texts]
    end = time.perf_counter()
    assert len(proposals) == 103
    assert (middle - start) / 100 < 0.0012, "twice the goal of 0.6 ms a proposal"
    assert (end - middle) / 200 < 0.0002, "twice the goal of 0.1 ms an answer"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["self_instruct_classify", "self_instruct_output_first", None]))
def test_no_prompt_makes_it_raise(text: str, name: str | None) -> None:
    said, finish = reply(user(text), name, 1, PURE)
    assert said
    assert finish == "stop"
