"""One served control plane for a module's tests, and clients of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from drillrunner.clock import Clock
from drillrunner.lab.control.app import ControlPlane, Served, install, serve
from drillrunner.lab.control.hooks import Hooks
from drillrunner.lab.world import World

Clients = Callable[..., Any]


class SteppedTime:
    """A monotonic source that moves only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def stepped() -> SteppedTime:
    return SteppedTime()


@pytest.fixture(scope="module")
def advance(stepped: SteppedTime) -> Callable[[float], None]:
    """Let so many drill seconds pass."""

    def move(seconds: float) -> None:
        stepped.now += seconds

    return move


@pytest.fixture(scope="session")
def zipped_code() -> bytes:
    """A function's code, as Lambda takes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return None")
    return packed.getvalue()


@pytest.fixture(scope="module")
def hooks() -> Hooks:
    return Hooks()


@pytest.fixture(scope="module")
def world(stepped: SteppedTime) -> World:
    return World(Clock(monotonic_source=stepped), seed=7)


@pytest.fixture(scope="module")
def control(world: World, hooks: Hooks) -> ControlPlane:
    return install(world, hooks)


@pytest.fixture(scope="module")
def served(control: ControlPlane) -> Iterator[Served]:
    served = serve(control.world)
    yield served
    served.close()


@pytest.fixture(scope="module")
def clients(served: Served) -> Clients:
    def make(service: str, region: str = "us-east-1", attempts: int = 1, read_timeout: float = 20) -> Any:
        session: Any = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing")
        config = Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=32,
            read_timeout=read_timeout,
            account_id_endpoint_mode="disabled",
        )
        return session.client(service, region_name=region, endpoint_url=served.url, config=config)

    return make
