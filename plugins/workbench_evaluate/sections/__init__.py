"""The built-in sections of `report.html`: each a module that picks values from a run, and a template beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.report import Section, environment
from workbench_evaluate.sections import comparison, compression, confusions, data, errors, intents, stages
from workbench_evaluate.sections.reading import Findings

if TYPE_CHECKING:
    from workbench.api.engine import Run


@dataclass(frozen=True)
class Part:
    """A section to be: its template's name, its title, and what picks the values (None: nothing to say)."""

    name: str
    title: tuple[str, str]
    values: Callable[[Findings], Mapping[str, Any] | None]


PARTS = (
    Part("comparison", ("Before and after", "前后对比"), comparison.values),
    Part("data", ("Data", "数据"), data.values),
    Part("intents", ("Per intent", "各意图表现"), intents.values),
    Part("confusions", ("Confusions", "意图混淆"), confusions.values),
    Part("errors", ("Confident errors", "置信度最高的错误"), errors.values),
    Part("compression", ("Compression and gate", "压缩与质量门禁"), compression.values),
    Part("stages", ("Stages", "运行阶段"), stages.values),
)


def sections(run: Run) -> Iterator[Section]:
    """The sections that have something to say, at 10, 20, 30 …"""
    templates = environment(__name__)
    css = Path(__file__).with_name("sections.css").read_text(encoding="utf-8")
    findings = Findings.of(run)
    for number, part in enumerate(PARTS, start=1):
        values = part.values(findings)
        if values is not None:
            html = templates.get_template(f"{part.name}.html.j2").render(values)
            yield Section(part.title, html, 10 * number, css)
