"""The pages of `drill serve` on loopback, for the tests to look at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from drillrunner.cli.catalog import param_rows
from drillrunner.cli.past_runs import past_of
from drillrunner.cli.standing import occasions_of, standing_of
from drillrunner.cli.tabletop.serve import tables_of
from drillrunner.cli.tabletop.session import Session
from drillrunner.clock import Clock
from drillrunner.files.lock_file import EnvironmentLock
from drillrunner.files.run_folder import RunFolder
from drillrunner.sinks.prometheus import metrics_text
from drillrunner.web.access import Access, access_for
from drillrunner.web.app import make_app
from drillrunner.web.sources import Sources
from fabricated_run import EPOCH, fabricated_plan

TOKEN = "the-token-of-this-test"
Client = TestClient[Request, Application]


@dataclass(frozen=True)
class Served:
    """The pages, and a browser that looks at them."""

    client: Client
    access: Access

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.client.port}"

    async def get(self, path: str, **headers: str) -> ClientResponse:
        return await self.client.get(path, headers=headers, allow_redirects=False)

    async def text(self, path: str) -> str:
        """A page that must be there."""
        answer = await self.get(path)
        assert answer.status == 200, await answer.text()
        return await answer.text()

    async def sign_in(self) -> None:
        assert (await self.get(f"/?token={TOKEN}")).status == 303

    async def post(self, path: str, form: str, **headers: str) -> ClientResponse:
        return await self.client.post(path, data={"form": form}, headers=headers, allow_redirects=False)


@asynccontextmanager
async def served(tmp_path: Path, bind: str = "127.0.0.1", exercise: Session | None = None) -> AsyncIterator[Served]:
    """The application on a port of loopback, as though it listened on `bind`, playing an exercise if there is one."""
    access = access_for(bind, TOKEN)
    clock = Clock(wall_source=lambda: EPOCH + timedelta(seconds=101.0))
    reports = tmp_path / "reports"
    sources = Sources(reports, tmp_path, past_of, param_rows, standing_of, metrics_text, clock, occasions=occasions_of)
    tables = tables_of(sources.reports, Clock())
    if exercise is not None:
        tables.add(exercise)
    server = TestServer(make_app(sources, access, tables), host="127.0.0.1")
    async with TestClient(server, cookie_jar=CookieJar(unsafe=True)) as client:  # cookies for an address too
        yield Served(client, access)


@contextmanager
def held(folder: RunFolder) -> Iterator[RunFolder]:
    """A run that a living process makes: this one holds its lock."""
    lock = EnvironmentLock(fabricated_plan().environment)
    lock.acquire()
    lock.name(folder.run_id, folder.path, "2026-11-20T14:00:00+00:00")
    try:
        yield folder
    finally:
        lock.settle()
        lock.release()
