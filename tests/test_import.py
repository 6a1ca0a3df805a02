"""`import whit` is quick: what it loads, and that every public name is found when asked for."""

import subprocess
import sys

import pytest

import whit

HEAVY = ("llvmlite", "rich", "h5py", "ssl", "urllib.request", "http.client", "asyncio", "pandas")


def modules_after(program: str) -> set[str]:
    code = program + "\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_neither_parts_of_whit_nor_heavy_packages():
    loaded = modules_after("import whit")
    assert not loaded & set(HEAVY)
    assert {m for m in loaded if m.partition(".")[0] == "whit"} == {
        "whit",
        "whit._lazy",
        "whit._version",
        "whit.naming",
    }


@pytest.mark.parametrize("name", sorted(set(whit._SUBMODULES) - {"datasets"}))
def test_no_public_module_loads_a_heavy_package(name):
    assert not modules_after(f"import whit; whit.{name}") & set(HEAVY)


@pytest.mark.parametrize("name", whit.__all__)
def test_every_public_name_is_there(name):
    assert getattr(whit, name) is not None
    assert name in dir(whit)


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(AttributeError, match=r"'Sequentail'\. Did you mean \"Sequential\"\?"):
        whit.Sequentail  # noqa: B018


def test_keras_spelling_of_imports():
    program = (
        "import whit as keras\n"
        "from whit import layers, Sequential, ops\n"
        "from whit.layers import Dense\n"
        "from whit.models import Sequential as S\n"
        "assert keras.Sequential is S is Sequential and keras.layers.Dense is Dense\n"
        "assert keras.utils.to_categorical([1]).shape == (1, 2)\n"
        "assert keras.version() == keras.__version__\n"
    )
    assert "whit.layers" in modules_after(program)
