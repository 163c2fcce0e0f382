"""Where the data of the lab's PostgreSQL servers lie, who owns them, and how a killed lab's leftovers are ended."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from drillrunner.errors import LabFailed
from drillrunner.lab.databases.postgres.processes import began, command_line


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged user that the servers run as; both None: as whoever we are."""

    uid: int | None
    gid: int | None


def server_account() -> Account:
    """`nobody` when we are root, because initdb refuses root; else ourselves."""
    if os.geteuid() != 0:
        return Account(None, None)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def root_folder() -> Path:
    """This user's folder for all labs' databases, below the temporary folder. Raises LabFailed if it is another's."""
    root = Path(tempfile.gettempdir()) / f"drillrunner-postgres-{os.geteuid()}"
    root.mkdir(mode=0o711, exist_ok=True)
    if root.stat().st_uid != os.geteuid() or root.is_symlink():
        raise LabFailed(f"{root} belongs to somebody else", advice="Remove it, or set TMPDIR to a folder of your own.")
    return root


def new_folder(account: Account) -> Path:
    """A fresh folder for one pair, stamped with our process and owned by the server's account."""
    folder = Path(tempfile.mkdtemp(prefix="pair-", dir=root_folder()))
    (folder / "owner").write_text(f"{os.getpid()} {began(os.getpid())}", "utf-8")
    if account.uid is not None and account.gid is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def end_stale() -> list[Path]:
    """End the servers of labs that died without closing, remove their data, and return their folders.

    A folder is stale when the process that made it is gone (or its id has been given to another).
    Only a process whose command line names the folder is ended.
    """
    ended = [folder for folder in sorted(root_folder().glob("pair-*")) if not _owner_lives(folder)]
    for folder in ended:
        for pid_file in folder.glob("*/postmaster.pid"):
            _end_server(pid_file, folder)
        remove(folder)
    return ended


def remove(folder: Path) -> None:
    """Remove a pair's folder. A server that is still writing into it may need a second try."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
    raise LabFailed(f"cannot remove {folder}", advice="See which process still uses it, then remove it by hand.")


def _owner_lives(folder: Path) -> bool:
    try:
        pid, stamp = (folder / "owner").read_text("utf-8").split(" ", 1)
    except FileNotFoundError:
        # another lab may be between making the folder and stamping it
        return time.time() - folder.stat().st_mtime < 10
    return began(int(pid)) == stamp


def _end_server(pid_file: Path, folder: Path) -> None:
    pid = int(pid_file.read_text("utf-8").split("\n", 1)[0])
    if str(folder) not in command_line(pid):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGQUIT)
    give_up_at = time.monotonic() + 5
    while str(folder) in command_line(pid) and time.monotonic() < give_up_at:
        time.sleep(0.05)
