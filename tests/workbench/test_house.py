"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from workbench import hookspecs
from workbench.cli.plugins import options_page

ROOT = Path(__file__).resolve().parents[2]
HOST = sorted((ROOT / "workbench").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
DOORS = sorted((ROOT / "plugins").glob("*/__init__.py"))
HEAVY = {
    "torch",
    "transformers",
    "onnxruntime",
    "numpy",
    "optimum",
    "onnx",
    "datasets",
    "pyarrow",
    "sklearn",
    "scipy",
    "matplotlib",
    "fastapi",
    "uvicorn",
    "jinja2",
    "ftfy",
    "tokenizers",
    "huggingface_hub",
}
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, "workbench_spec")]


def imports(path: Path, *, top_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize(
    "path", HOST + PLUGINS + sorted((ROOT / "tests").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300


@pytest.mark.parametrize("path", HOST, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_host_names_no_plugin(path):
    assert not re.findall(
        r"workbench_(?!spec\b|impl\b|host\b|plugin\b|cli\b|context\b)\w+", path.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("path", PLUGINS, ids=lambda p: str(p.relative_to(ROOT)))
def test_plugins_import_no_other_plugin(path):
    own = path.relative_to(ROOT / "plugins").parts[0]
    assert {name for name in imports(path) if name.startswith("workbench_")} <= {own}


@pytest.mark.parametrize("path", PLUGINS, ids=lambda p: str(p.relative_to(ROOT)))
def test_plugins_import_of_the_host_only_the_api(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    host = {name for name in modules if name.partition(".")[0] == "workbench"}
    assert {name for name in host if not re.match(r"workbench\.(api|testing)(\.|$)", name)} == set()


def test_no_module_hides_a_hook_of_its_door():
    """Importing `plugin.readers` would put the module in the place of the door's function `readers`."""
    assert not [path for path in PLUGINS if path.stem in HOOKS]


@pytest.mark.parametrize("path", HOST + DOORS, ids=lambda p: str(p.relative_to(ROOT)))
def test_doors_and_host_import_nothing_heavy_at_the_top(path):
    assert not imports(path, top_only=True) & HEAVY


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['workbench', '--help']\n"
        "import workbench.cli.root as root\n"
        "try: root.main()\nexcept SystemExit: pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented(hook):
    assert inspect.getdoc(getattr(hookspecs, hook))
    assert f"`{hook}(" in (ROOT / "docs/plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_implemented_by_a_plugin_in_some_test(hook):
    here = Path(__file__)
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path != here]
    assert any(re.search(rf"def {hook}\(", text) for text in texts)


def test_the_options_page_is_current(host):
    assert (ROOT / "docs/options.md").read_text(encoding="utf-8") == options_page(host), (
        "workbench plugins --options > docs/options.md"
    )


def test_console_blocks_of_both_readmes_are_the_same():
    blocks = [
        re.findall(r"```console\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.S)
        for name in ("README.md", "README.zh-CN.md")
    ]
    assert blocks[0] == blocks[1]
    assert len(blocks[0]) > 3


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "docs/plugins.md", "CHANGELOG.md"])
def test_no_placeholder_stands_in_the_documents(name):
    assert not re.search(r"^(FIGURES|TODO|TBD)", (ROOT / name).read_text(encoding="utf-8"), re.M)


def test_no_absolute_path_or_private_name_is_in_a_tracked_file():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix in (".py", ".md", ".toml", ".j2", ".csv", "") and path != Path(__file__):
            assert str(ROOT.parent) + "/" not in path.read_text(encoding="utf-8"), name


def test_nothing_executable_is_loaded_from_data():
    forbidden = re.compile(
        r"\bpickle\b(?! )|torch\.load\(|joblib\.load|trust_remote_code\s*=\s*True|yaml\.load\(|allow_pickle\s*=\s*True"
    )
    for path in HOST + PLUGINS:
        assert not forbidden.search(path.read_text(encoding="utf-8")), path


def test_no_two_test_files_make_projects_of_the_same_title():
    """All tests share one Label Studio server, where `create` continues a project that has the title already."""
    owners: dict[str, Path] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for title in re.findall(r'"--title", "([^"]+)"', path.read_text(encoding="utf-8")):
            assert owners.setdefault(title, path) == path, f"{title}: {path} and {owners[title]}"
