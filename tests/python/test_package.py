"""The package as a whole: generated files are fresh, doctests hold, docstrings are there."""

import doctest
import importlib
import inspect
import json
import os
import pkgutil
import subprocess
import sys

import pytest

import weir

TOP = os.environ["SRC"]


def test_generated_files_are_fresh():
    done = subprocess.run([sys.executable, os.path.join(TOP, "tools", "bindings"), os.environ["WEIR"], "--check"],
                          text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["_run", "_make", "_autograd", "_model"])
def test_doctests(name):
    importlib.import_module("weir.functional")
    module = importlib.import_module("weir." + name)
    result = doctest.testmod(module)
    assert result.failed == 0


def test_everything_public_is_documented():
    importlib.import_module("weir.functional")
    for info in pkgutil.iter_modules(weir.__path__):
        if info.name in ("_weir", "sklearn"):
            continue
        module = importlib.import_module("weir." + info.name)
        assert module.__doc__, info.name
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_" and info.name[0] != "_":
                assert value.__doc__, f"{info.name}.{name}"


def test_ops_are_functions():
    """But for those that others are made of, such as their gradients."""
    import weir.functional as F

    rows = [r.name for r in weir.list("op")]
    missing = [name for name in rows if not hasattr(F, name)]
    assert "relu_backward" in missing and len(missing) < len(rows) / 5, missing
    assert {"exp", "matmul", "conv2d", "cholesky", "softmax"} <= set(dir(F))


@pytest.mark.parametrize("page", ["python.md"])
def test_the_guide(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(os.path.join(TOP, "doc", "guide", page), module_relative=False,
                              optionflags=doctest.ELLIPSIS)
    assert result.attempted > 40 and result.failed == 0


def test_the_lines_of_the_readme(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with open(os.path.join(TOP, "README.md")) as f:
        lines = f.read().split("```python\n")[1].split("```")[0]
    exec(compile(lines, "README.md", "exec"), {})
    assert len(lines.strip().split("\n")) == 5 and capsys.readouterr().out.startswith("[")


@pytest.mark.parametrize("name", ["density", "proposal"])
def test_notebooks(name, tmp_path, monkeypatch):
    """Cell after cell, each with what the ones before it left."""
    monkeypatch.chdir(tmp_path)
    with open(os.path.join(TOP, "doc", "notebooks", name + ".ipynb")) as f:
        cells = json.load(f)["cells"]
    scope = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{name}.ipynb {cell['id']}", "exec"), scope)
    assert sum(c["cell_type"] == "code" for c in cells) >= 3
