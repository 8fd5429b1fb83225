"""The page of benchmarks in both languages, generated from the JSON results: `python -m tests.benchmarks.page`.

No figure of the documentation is typed by hand. A table is written by a function of the results; its words come in
English and in Chinese.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.records import RESULTS

DOCS = Path(__file__).resolve().parents[2] / "docs"
Results = Mapping[str, Any]
Say = Callable[[str, str], str]  # English, Chinese -> the one of the page


def page(language: str) -> str:
    """The page in a language, `en` or `zh`."""

    def say(english: str, chinese: str) -> str:
        return english if language == "en" else chinese

    lines = [say("# Benchmarks", "# 实测"), ""]
    lines += [
        say(
            "Written by `nox -s docs` from `tests/benchmarks/results/`.",
            "由 `nox -s docs` 从 `tests/benchmarks/results/` 生成。",
        ),
        "",
    ]
    for name, title, section in SECTIONS:
        found = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        lines += [f"## {say(*title)}", "", f"`python -m tests.benchmarks.{name.replace('-', '_')}`", ""]
        lines += section(found, say)
        lines += [_where(next(iter(found.values()))["where"], say), ""]
    return "\n".join(lines).rstrip() + "\n"


def accuracies(results: Results, say: Say) -> Iterator[str]:
    """Accuracy and macro F1 of every model of a chain."""
    for setting, record in results.items():
        value = record["value"]
        yield from (f"### {setting}", "")
        rows = [
            [f"`{model}`", split, f"{100 * accuracy:.2f}", f"{100 * value['macro_f1'][subject]:.2f}"]
            for subject, accuracy in value["accuracy"].items()
            for model, split in [subject.split()]
        ]
        yield from table(
            [say("model", "模型"), say("split", "划分"), say("accuracy %", "准确率 %"), "macro F1 %"], rows
        )
        train = value["seconds"]["train"]
        yield from (say(f"Training took {train:,.0f} s.", f"训练用了 {train:,.0f} 秒。"), "")


def comparisons(results: Results, say: Say) -> Iterator[str]:
    """Compressed bundles, the baseline model and the models that others serve."""
    heads = [
        say("model", "模型"),
        say("accuracy %", "准确率 %"),
        "MB",
        say("texts per second", "句/秒"),
        say("p50 ms", "p50 毫秒"),
        say("p95 ms", "p95 毫秒"),
    ]
    for setting, record in results.items():
        if not setting.startswith("comparison"):
            continue
        value = record["value"]
        alone, times = value["one text a call"], value["milliseconds of a text alone"]
        yield from (f"### {setting.partition(', ')[2]}", "")
        rows = [
            [
                name,
                f"{100 * alone['test accuracy'][name]:.2f}",
                f"{bytes_ / 1e6:.1f}",
                f"{alone['texts a second'][name]['median']:,.0f}",
                f"{times[name]['p50']:.2f}",
                f"{times[name]['p95']:.2f}",
            ]
            for name, bytes_ in value["bytes"].items()
        ]
        yield from table(heads, rows)
        timed, runs = value["texts"]["timed"], next(iter(alone["texts a second"].values()))["runs"]
        yield say(
            f"Batch size 1, one thread, tokenizing included: the median of {runs} rounds over {timed:,} texts.",
            f"批大小 1，单线程，含分词：{timed:,} 句，{runs} 轮的中位数。",
        )
        yield ""


def searches(results: Results, say: Say) -> Iterator[str]:
    """The chosen candidate of each search, then the comparisons."""
    heads = [
        say("search", "搜索"),
        say("chosen candidate", "选中的候选"),
        say("candidates", "候选数"),
        say("minutes", "分钟"),
    ]
    found = {setting.partition(", ")[2]: r["value"] for setting, r in results.items() if setting.startswith("search")}
    rows = [
        [setting, f"`{value['chosen']['name']}`", f"{value['candidates']}", f"{value['wall_seconds'] / 60:.0f}"]
        for setting, value in found.items()
    ]
    yield from table(heads, rows)
    yield say(
        "In the tables below, `drop X` is the bundle of the search with `--max-drop X`. The peers (openvino, optimum, "
        "transformers.pipeline) serve a fine-tune of the same encoder by a plain Trainer. Compare their speed, and not "
        "their accuracy.",
        "下表中，`drop X` 是 `--max-drop X` 的搜索得到的模型包。对照方（openvino、optimum、transformers.pipeline）"
        "使用由普通 Trainer 微调的同一编码器：请比较速度，不要比较准确率。",
    )
    yield ""
    yield from comparisons(results, say)


def portability(results: Results, say: Say) -> Iterator[str]:
    """Predictions under emulation of a CPU without int8 dot products, beside those of this CPU."""
    rows = [
        [setting, f"`{model}`", f"{there['labels']}", f"{there['largest score difference']:.2g}"]
        for setting, record in results.items()
        for model, value in record["value"].items()
        for there in [value["there against here"]]
    ]
    heads = [
        say("setting", "设置"),
        say("model", "模型"),
        say("changed intents", "意图改变"),
        say("largest score difference", "得分最大差值"),
    ]
    yield from table(heads, rows)


def pulls(results: Results, say: Say) -> Iterator[str]:
    """Seconds and memory of reading a project."""
    for setting, record in results.items():
        ways = {name: value for name, value in record["value"].items() if isinstance(value, dict)}
        rows = [
            [
                name,
                f"{value['seconds']['median']:.1f}",
                f"{value['peak_mb']['median']:.0f}",
                f"{max(value['requests'])}",
            ]
            for name, value in ways.items()
        ]
        yield from (f"### {setting}", "")
        yield from table(["", say("seconds", "秒"), say("peak MB", "峰值 MB"), say("requests", "请求数")], rows)


def recoveries(results: Results, say: Say) -> Iterator[str]:
    """Count runs that were disturbed once, and those of them that the next run finished."""
    values = [record["value"] for record in results.values()]
    told = [value.get("recovered", value.get("same digests")) for value in values]
    disturbed, recovered = sum(each is not None for each in told), sum(each is True for each in told)
    yield say(
        f"{disturbed:,} runs were disturbed once each. The same command finished {recovered:,} of them, with the "
        "digests of an undisturbed run.",
        f"{disturbed:,} 次运行各被干扰一次，同一条命令接着做完了其中 {recovered:,} 次，摘要与未被干扰的运行相同。",
    )
    yield ""


def folds(results: Results, say: Say) -> Iterator[str]:
    """Five-fold accuracy on the embedded dataset."""
    values = {language: record["value"] for language, record in results.items()}
    rows = [[f"`{name}`", f"{100 * value['accuracy']:.2f}", f"{value['rows']:,}"] for name, value in values.items()]
    yield from table([say("dataset", "数据集"), say("accuracy %", "准确率 %"), say("rows", "行数")], rows)


def speeds(results: Results, say: Say) -> Iterator[str]:
    """Texts per second of a bundle and of others."""
    for setting, record in results.items():
        yield from (f"### {setting}", "")
        yield from table(
            ["", say("texts per second", "句/秒"), say("lowest", "最低"), say("highest", "最高")],
            _spreads(record["value"]["texts a second"]),
        )
        yield from table(
            [say("ratio", "比值"), say("median", "中位数"), say("lowest", "最低"), say("highest", "最高")],
            _spreads(record["value"]["ratios"], digits=2),
        )


def startups(results: Results, say: Say) -> Iterator[str]:
    """Seconds that a user waits."""
    values = {name: record["value"] for name, record in results.items()}
    spreads = {name: value for name, value in values.items() if isinstance(value, dict) and "median" in value}
    yield from table(
        ["", say("median", "中位数"), say("lowest", "最低"), say("highest", "最高")], _spreads(spreads, digits=2)
    )


def labelstudio_push(results: Results, say: Say) -> Iterator[str]:
    """Figures of a push."""
    for setting, record in results.items():
        rows = [[name, f"{value:,.1f}"] for name, value in record["value"].items() if isinstance(value, (int, float))]
        yield from (f"### {setting}", "")
        yield from table(["", say("figure", "数值")], rows)


def table(heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _spreads(values: Mapping[str, Mapping[str, float]], digits: int = 0) -> list[list[str]]:
    keys = ("median", "least", "most")
    return [[name, *(f"{spread[key]:,.{digits}f}" for key in keys)] for name, spread in values.items()]


def _where(where: Mapping[str, Any], say: Say) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in where["libraries"].items() if version)
    cores, cpu = where["cores"], where["cpu"]
    return say(
        f"Measured on {cores} cores of {cpu} with workbench {where['workbench']}; {libraries}.",
        f"在 {cpu} 的 {cores} 个核上测得，workbench {where['workbench']}；{libraries}。",
    )


SECTIONS: tuple[tuple[str, tuple[str, str], Callable[[Results, Say], Iterator[str]]], ...] = (
    ("chains", ("Accuracy of whole chains", "整条链路的准确率"), accuracies),
    ("compress", ("Compression within a budget", "在预算内压缩"), searches),
    ("speed", ("Speed of a bundle", "模型包的速度"), speeds),
    ("startup", ("Start-up", "启动时间"), startups),
    ("portability", ("int8 on a CPU without VNNI", "没有 VNNI 的 CPU 上的 int8"), portability),
    ("kills", ("A run that is killed", "被杀掉的运行"), recoveries),
    ("faults", ("A run with one failed file operation", "一次文件操作失败的运行"), recoveries),
    ("folds", ("How hard the embedded dataset is", "自带数据集的难度"), folds),
    ("labelstudio_pull", ("Reading a Label Studio project", "读取 Label Studio 项目"), pulls),
    ("labelstudio_push", ("Predictions into Label Studio", "把预测写入 Label Studio"), labelstudio_push),
)


if __name__ == "__main__":
    for language in ("en", "zh"):
        (DOCS / language / "benchmarks.md").write_text(page(language), encoding="utf-8")
