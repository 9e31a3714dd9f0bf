"""The formats that a dataset can leave in. Names only: nothing is loaded before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BUILTIN: Mapping[str, str] = MappingProxyType(
    {
        "jsonl": "selfgen.export.records:Jsonl",
        "alpaca": "selfgen.export.json_rows:Alpaca",
        "alpaca-jsonl": "selfgen.export.json_rows:AlpacaJsonl",
        "messages": "selfgen.export.json_rows:Messages",
        "sharegpt": "selfgen.export.json_rows:ShareGpt",
        "self-instruct": "selfgen.export.json_rows:SelfInstruct",
        "csv": "selfgen.export.csv_rows:Csv",
        "txt": "selfgen.export.txt_rows:Txt",
    }
)
"""Name of the exporter -> "module:attr"; the attribute is called without arguments and gives an Exporter."""
