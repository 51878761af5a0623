"""When a file cannot be written, readers find nothing half-written, and nothing stored before is lost."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from paretomtl.errors import StoreError
from paretomtl.records.record import Record
from paretomtl.records.store import open_store

MakeRecords = Callable[..., list[Record]]


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk(
    tmp_path: Path, make_records: MakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path / "store")
    store.append(make_records(0, 1))
    before = sorted(p.name for p in store.path.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError) as caught:
            store.append(make_records(2, 3, 4))
    assert "No space left on device" in str(caught.value)
    assert "3 runs were not stored; those stored before are untouched" in str(caught.value)
    assert sorted(p.name for p in store.path.iterdir()) == before
    assert len(store.keys()) == 2
    store.append(make_records(2, 3, 4))
    assert len(pd.read_parquet(store.path)) == 5


def test_an_interruption_while_writing_leaves_nothing(
    tmp_path: Path, make_records: MakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path / "store")
    store.create()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.append(make_records(0))
    assert [p.name for p in store.path.iterdir()] == ["_store.json"]


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from paretomtl.errors import StoreError
from paretomtl.records.store import open_store
source, target = map(open_store, sys.argv[1:])
records = list(source.records())
target.append(records[:1])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    target.append(records)
except StoreError as error:
    print(error)
    print(len(target.keys()), sorted(p.suffix for p in target.path.iterdir()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of file sizes are set as on Linux")
@pytest.mark.slow
def test_a_write_that_the_system_cuts_short(
    tmp_path: Path, make_records: MakeRecords, start: Callable[..., subprocess.Popen[str]]
) -> None:
    """A real partial write: the system takes 20 kB of a larger file and refuses the rest."""
    source = open_store(tmp_path / "source")
    path = source.append(make_records(*range(40), steps=200))
    assert path.stat().st_size > 40_000
    out, err = start(LIMITED, source.path, tmp_path / "target").communicate(timeout=60)
    assert "File too large" in out, err
    assert "40 runs were not stored" in out
    assert out.splitlines()[-1] == "1 ['.json', '.parquet']"


KILLED_IN_WRITING = """
import os, signal, sys
from paretomtl.records.store import open_store
source, target = map(open_store, sys.argv[1:])
records = list(source.records())
target.append(records[:1])
fsync = os.fsync
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
target.append(records)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.slow
def test_a_kill_while_writing_leaves_no_visible_file(
    tmp_path: Path, make_records: MakeRecords, start: Callable[..., subprocess.Popen[str]]
) -> None:
    source = open_store(tmp_path / "source")
    source.append(make_records(0, 1, 2))
    process = start(KILLED_IN_WRITING, source.path, tmp_path / "target")
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, err
    target = open_store(tmp_path / "target")
    hidden = [p for p in target.path.iterdir() if p.suffix == ".tmp"]
    assert len(hidden) == 1
    assert len(target.keys()) == len(pd.read_parquet(target.path)) == 1
    assert target.set_aside == []
    target.append(make_records(1, 2))
    assert hidden[0].exists()  # it may belong to a writer that is still at it
    yesterday = time.time() - 2 * 24 * 3600
    os.utime(hidden[0], (yesterday, yesterday))
    target.append(make_records(3))
    assert not hidden[0].exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions as on POSIX")
def test_a_read_only_directory(
    tmp_path: Path, make_records: MakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path / "store")
    store.append(make_records(0))
    store.path.chmod(0o555)
    if os.geteuid() == 0:  # root may write everywhere: ask as anyone else would be answered
        monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    try:
        with pytest.raises(StoreError, match="cannot be written to"):
            store.append(make_records(1))
        with pytest.raises(StoreError, match="cannot be written to"):
            store.create()
        assert len(open_store(store.path).keys()) == 1
    finally:
        store.path.chmod(0o755)
