"""The reference page of `workbench.api`, generated from the `__all__` of its modules."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

from workbench.errors import MissingExtra

API = "workbench.api"


def api_page() -> str:
    """Return the signature and docstring of every name in `workbench.api` and its modules, as Markdown.

    Raises:
        MissingExtra: torch is not installed.
    """
    package = importlib.import_module(API)
    modules = [API, *(f"{API}.{module.name}" for module in pkgutil.iter_modules(package.__path__))]
    lines = ["# workbench.api", "", "Written by `workbench plugins --api`.", ""]
    for name in modules:
        lines += _module(name)
    return "\n".join(lines).rstrip() + "\n"


def _module(name: str) -> Iterator[str]:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtra(f"{error.name} is not installed, but {name} requires it", "train") from error
    yield from (f"## {name}", "", inspect.getdoc(module) or "", "")
    for each in sorted(module.__all__, key=lambda text: (text.isupper(), text.lower())):
        yield from _entry(each, getattr(module, each))


def _entry(name: str, value: Any) -> Iterator[str]:
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        text = repr(value)
        plain = isinstance(value, (str, int, float, tuple, frozenset)) and " at 0x" not in text
        yield from (f"### {name}", "", f"`{name} = {text}`" if plain else f"A `{type(value).__name__}`.", "")
        return
    yield from (f"### {name}", "", "```python", _signature(name, value), "```", "", *_doc(value), "")


def _signature(name: str, value: Any) -> str:
    word = "class" if inspect.isclass(value) else "def"
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return f"{word} {name}"
    if getattr(value, "_is_protocol", False):
        return f"{word} {name}(Protocol)"
    text = f"{name}{signature}".removesuffix(" -> None") if word == "class" else f"{name}{signature}"
    text = re.sub(r"ForwardRef\('([^']*)'\)", r"\1", text)
    text = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", text)
    text = re.sub(r"<(?:factory|object|dataclasses)[^>]*>|<[^<>]* at 0x[0-9a-f]+>", "...", text)
    return f"{word} " + re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)


def _doc(value: Any) -> list[str]:
    """Return the docstring, with its sections as lists; a dataclass without a docstring has no text.

    Python sets such a docstring to the signature, which the page shows already.
    """
    text = inspect.getdoc(value) or ""
    if text.startswith(f"{getattr(value, '__name__', '')}("):
        return []
    lines = []
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Raises|Returns|Yields):", line):
            lines += [f"**{line.rstrip(':')}**", ""]
        elif match := re.match(r"    (\w[\w, *]*): (.*)", line):
            lines.append(f"- `{match[1]}`: {match[2]}")
        elif line.startswith("        "):
            lines.append(f"  {line.strip()}")
        else:
            lines.append(line)
    return lines
