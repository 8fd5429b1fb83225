"""The tasks of development: `nox -l` lists them, `nox` runs what a change must pass, `nox -s TASK` runs one.

They run in the environment that nox is installed in: `pip install -e ".[dev]"`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "site", "tests"]
BENCHMARKS = Path(__file__).parent / "tests" / "benchmarks"


@nox.session
def lint(session: nox.Session) -> None:
    """Style and formatting, by ruff."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types, by mypy in strict mode."""
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite in lanes, or the tests that are named: nox -s tests -- tests/plugins/test_clean.py."""
    session.run("pytest", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """The whole suite with the coverage of its own processes; fails below the floor of pyproject.toml."""
    session.run("pytest", "--cov", "--cov-report=term", *session.posargs)


@nox.session
def base(session: nox.Session) -> None:
    """An installation without extras predicts and serves, in a virtual environment of its own."""
    folder = Path(session.create_tmp())
    write = "from pathlib import Path; from tests.bundles import write_bundle; write_bundle(Path('{}'))"
    shutil.rmtree(folder / "bundle", ignore_errors=True)
    session.run("python", "-c", write.format(folder / "bundle"))
    shutil.rmtree(folder / "source", ignore_errors=True)  # pip builds in the tree: it gets one of its own
    shutil.copytree(".", folder / "source", ignore=shutil.ignore_patterns(".*", "build", "tests", "*.egg-info"))
    session.run("python", "-m", "venv", "--clear", str(folder / "venv"))
    python = str(folder / "venv/bin/python")
    session.run(python, "-m", "pip", "install", "-q", "-U", "pip", external=True)
    session.run(python, "-m", "pip", "install", "-q", str(folder / "source"), external=True)
    session.run(python, "tests/base_install.py", str(folder / "bundle"), external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Write the pages that are generated from the code."""
    for name in ("api", "command-line", "hooks", "options"):
        page: str = session.run("workbench", "plugins", f"--{name}", silent=True, stderr=None)
        Path(f"docs/en/reference/{name}.md").write_text(page, encoding="utf-8")
    session.run("python", "-m", "tests.benchmarks.page")


@nox.session
def site(session: nox.Session) -> None:
    """Build the documentation into site/ and site/zh/; a dead link or a page without a place is an error."""
    shutil.rmtree("site", ignore_errors=True)
    for source, language, target in (("docs/en", "en", "site"), ("docs/zh", "zh_CN", "site/zh")):
        work = Path(session.create_tmp()) / language
        settings = ("-c", "docs", "-D", f"language={language}", "-d", str(work))
        session.run("sphinx-build", "-q", "-W", "--keep-going", *settings, source, target)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Run a benchmark: nox -s benchmarks -- speed; without a name, say which there are and what they measure."""
    if not session.posargs:
        for path in sorted(BENCHMARKS.glob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "__main__" in text:
                session.log(f"{path.stem}: {text.splitlines()[0].strip(chr(34))}")
        return
    name, *words = session.posargs
    session.run("python", "-m", f"tests.benchmarks.{name}", *words)
