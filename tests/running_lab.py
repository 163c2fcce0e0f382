"""A lab process as its users meet it: boto3, DNS and HTTPS on loopback, and the lab's ground truth."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import aiohttp
import boto3
import dns.flags
import dns.message
import dns.query
from botocore.config import Config

from drillrunner.lab.lifecycle import LabStatus


@dataclass
class RunningLab:
    status: LabStatus

    @cached_property
    def session(self) -> Any:
        return boto3.Session("testing", "testing", "testing", "us-east-1")

    def client(self, service: str, region: str = "us-east-1") -> Any:
        config = Config(retries={"total_max_attempts": 1}, account_id_endpoint_mode="disabled")
        return self.session.client(service, region, endpoint_url=self.status.aws_endpoint_url, config=config)

    def resolve(self, name: str, rtype: str = "A", *, tcp: bool = False) -> dns.message.Message:
        address, _, port = self.status.dns_address.partition(":")
        ask = dns.query.tcp if tcp else dns.query.udp
        query = dns.message.make_query(name, rtype)
        query.flags &= ~dns.flags.RD  # at the source, past the resolver's cache
        return ask(query, address, timeout=5, port=int(port))

    def addresses(self, name: str) -> list[str]:
        return [value.to_text() for rrset in self.resolve(name).answer for value in rrset]

    def get(self, address: str, host: str, *, ca_file: str | None = None) -> tuple[int, str, dict[str, Any]]:
        """GET /health over HTTPS from that address: status, serving region, JSON."""
        return asyncio.run(self._get(address, host, ssl.create_default_context(cafile=ca_file or self.status.ca_file)))

    async def _get(self, address: str, host: str, trust: ssl.SSLContext) -> tuple[int, str, dict[str, Any]]:
        url = f"https://{address}:{self.status.https_port}/health"
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, ssl=trust, server_hostname=host, headers={"Host": host}) as response,
        ):
            return response.status, response.headers["x-served-by-region"], await response.json()

    def truth(self, name: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.status.admin_url}/truth?name={name}", timeout=5) as response:
            events: list[dict[str, Any]] = json.load(response)
        return events

    def wait_until(self, holds: Callable[[], bool], *, drill_seconds: float) -> float:
        """Poll until something holds; gives the drill moment. Fails when the time is over."""
        scale = self.status.time_scale
        deadline = time.monotonic() + drill_seconds / scale
        while not holds():
            assert time.monotonic() < deadline, f"it did not hold within {drill_seconds} drill seconds"
            time.sleep(0.02)
        return time.monotonic() * scale
