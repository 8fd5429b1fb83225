"""The built-in sections of `report.html`; each has a module that selects values from a run, and a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.report import Section, environment
from workbench_evaluate.sections import comparison, compression, confusions, data, errors, intents, stages
from workbench_evaluate.sections.run_results import RunResults

if TYPE_CHECKING:
    from workbench.api.engine import Run


@dataclass(frozen=True)
class SectionTemplate:
    """The name of a section's template, its title, and the function that selects values (None = no section)."""

    name: str
    title: tuple[str, str]
    values: Callable[[RunResults], Mapping[str, Any] | None]


TEMPLATES = (
    SectionTemplate("comparison", ("Before and after", "前后对比"), comparison.values),
    SectionTemplate("data", ("Data", "数据"), data.values),
    SectionTemplate("intents", ("Per intent", "各意图表现"), intents.values),
    SectionTemplate("confusions", ("Confusions", "意图混淆"), confusions.values),
    SectionTemplate("errors", ("Confident errors", "高置信度错误"), errors.values),
    SectionTemplate("compression", ("Compression and gate", "压缩与质量门禁"), compression.values),
    SectionTemplate("stages", ("Stages", "运行阶段"), stages.values),
)


def sections(run: Run) -> Iterator[Section]:
    """Yield the sections that have values, at the positions 10, 20, 30 …"""
    templates = environment(__name__)
    css = Path(__file__).with_name("sections.css").read_text(encoding="utf-8")
    results = RunResults.of(run)
    for number, template in enumerate(TEMPLATES, start=1):
        values = template.values(results)
        if values is not None:
            html = templates.get_template(f"{template.name}.html.j2").render(values)
            yield Section(template.title, html, 10 * number, css)
