"""The commented configuration that `selfgen init` writes. Its values are the defaults, read from config and filters, so
that it cannot go out of date."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from selfgen.assemble.starter_words import FILTERS, SETTINGS
from selfgen.config import RunConfig
from selfgen.filters import DEFAULTS, OFF

_WORDS = {
    "en": {
        "head": "Settings of a run. What is commented out shows the default. The command line wins over this file.",
        "seeds": "your tasks; replace these by your own, 30 or more, as varied as what you want to get",
        "domain": "a sentence about the field, seen by the prompts",
        "prompts": "edit these, or remove the line to use those that ship",
        "propose": "the model that invents tasks; `answer:` takes the same settings for the one that answers",
        "filters": "false turns a filter off; options as shown",
        "off": "off unless named; ",
        "rest": "more settings",
    },
    "zh": {
        "head": "一次运行的设置。注释掉的是默认值。命令行优先于本文件。",
        "seeds": "种子任务：请换成自己的，三十条以上，想要多丰富就写多丰富",
        "domain": "用一句话说明领域，提示词会用到",
        "prompts": "可以直接修改；删去这一行则用自带的提示词",
        "propose": "出题的模型；作答的模型用 answer: 设置，项目相同",
        "filters": "写 false 关闭某个过滤器；选项如下",
        "off": "默认关闭，写出来才启用；",
        "rest": "其他设置",
    },
}
_OWN = ("seeds", "lang", "domain", "prompts", "target")


def config_text(lang: str) -> str:
    """Return the text of selfgen.yaml for one language."""
    words = _WORDS[lang]
    default = RunConfig(seeds=("seeds.jsonl",)).model_dump(mode="json")
    lines = [
        f"# {words['head']}",
        f"seeds: [seeds.jsonl]  # {words['seeds']}",
        f"lang: {lang}",
        f'domain: ""  # {words["domain"]}',
        f"prompts: prompts  # {words['prompts']}",
        "target: 100",
        "",
        f"# {words['propose']}",
        *_commented({"propose": default["propose"]}),
        "",
        f"# {words['filters']}",
        "# filters:",
    ]
    for name, options in DEFAULTS.items():
        text = _one_line(options) if options else "true"
        off = words["off"] if name in OFF else ""
        lines.append(f"#   {name}: {text}  # {off}{FILTERS[lang][name]}")
    lines += ["", f"# {words['rest']}"]
    for name, value in default.items():
        if name not in {*_OWN, "propose", "answer", "filters"}:
            first, *rest = _commented({name: value})
            lines += [f"{first}  # {SETTINGS[lang][name]}", *rest]
    return "\n".join([*lines, ""])


def _one_line(options: Mapping[str, object]) -> str:
    return yaml.safe_dump(dict(options), default_flow_style=True, allow_unicode=True, width=10_000).strip()


def _commented(values: dict[str, object]) -> list[str]:
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return [f"# {line}" for line in text.splitlines()]
