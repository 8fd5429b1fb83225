"""`report.html` of a run: one file with the sections of all plugins."""

from __future__ import annotations

import base64
import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workbench
from workbench.io.files import replace_text
from workbench.nouns.utterance import SPLITS
from workbench.options import option_fields
from workbench.report.markup import environment

if TYPE_CHECKING:
    from workbench.engine.run import Run
    from workbench.host import Host
    from workbench.report.section import Section

PAGE = "report.html"
VERDICTS = {
    True: {"tone": "good", "words": ("accepted by the gate", "通过质量门禁")},
    False: {"tone": "bad", "words": ("refused by the gate", "未通过质量门禁")},
    None: {"tone": "plain", "words": ("not checked by a gate", "未经质量门禁检查")},
}
FAILED = {"tone": "bad", "words": ("failed", "运行失败")}
logger = logging.getLogger(__name__)


def write_report(host: Host, run: Run) -> Path:
    """Write RUN/report.html atomically and return its path.

    Raises:
        MissingExtra: jinja2 is not installed.
    """
    templates = environment("workbench.report")
    sections, failed_plugins = _sections(host, run)
    failure = next((stage for stage in run.stages if stage.status == "failed"), None)
    bundle = run.bundle()
    script = _read_resource("page.js")
    html = templates.get_template("page.html.j2").render(
        title=run.path.resolve().name,
        facts=_facts(host, run),
        failure=failure,
        verdict=FAILED if failure else VERDICTS[bundle.accepted if bundle else None],
        sections=sections,
        failed_plugins=failed_plugins,
        version=workbench.__version__,
        css="\n".join(dict.fromkeys([_read_resource("page.css"), *(section.css for section in sections)])),
        script=script,
        script_hash=_source_hash(script),
    )
    path = run.path / PAGE
    replace_text(path, html)
    return path


def _sections(host: Host, run: Run) -> tuple[list[Section], list[str]]:
    """Return all sections in their order, and the plugins that raised an exception."""
    sections: list[Section] = []
    failed = []
    for plugin, call in host.calls("report_sections", run=run):
        try:
            for section in call():
                sections.append(section)  # one by one, to keep the sections before a failure
        except Exception:
            logger.exception("plugin %s failed in report_sections", plugin)
            failed.append(plugin)
    return sorted(sections, key=lambda section: (section.order, section.title)), failed


def _facts(host: Host, run: Run) -> list[dict[str, Any]]:
    """Return the recipe's key facts, each with a label in both languages."""
    train, dataset = run.recipe.get("train", {}), run.dataset()
    facts = [
        (("Encoder", "编码器"), _encoder(host, train)),
        (("Trainer", "训练器"), train.get("use")),
        (("Seed", "随机种子"), run.recipe.get("seed")),
    ]
    if dataset is not None:
        facts += [(("Intents", "意图数"), f"{len(dataset.intents):,}")]
        facts += [((f"Rows of {split}", f"{split} 样本数"), f"{len(dataset.split(split)):,}") for split in SPLITS]
    return [{"label": label, "value": value} for label, value in facts if value is not None]


def _encoder(host: Host, train: dict[str, Any]) -> str | None:
    """Return the encoder in the recipe, or the trainer's default; a path is reduced to the folder's name."""
    component = host.registry("trainers").get(train.get("use", ""))
    defaults = {field.name: field.default for field in option_fields(component.options)} if component else {}
    encoder = train.get("encoder", defaults.get("encoder"))
    return Path(encoder).name if encoder and encoder.startswith(("/", ".", "~")) else encoder


def _read_resource(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _source_hash(script: str) -> str:
    """Return the hash source of an inline script for a Content-Security-Policy (W3C CSP 3)."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
