"""The peer that is measured beside us: Chaos Toolkit with its AWS extension, in a virtual environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / ".venv"
REQUIREMENTS = ("chaostoolkit==1.19.*", "chaostoolkit-aws==0.35.*")
PACKAGES = ("chaostoolkit", "chaostoolkit-lib", "chaostoolkit-aws", "boto3", "botocore", "requests")
Activity = dict[str, Any]


def installed() -> Path:
    """The peer's `chaos`, installed on first use."""
    return made(FOLDER, REQUIREMENTS) / "chaos"


def made(folder: Path, requirements: Sequence[str]) -> Path:
    """The programs of a virtual environment that holds these, made on first use from wherever pip is told to look."""
    programs, ready = folder / "bin", folder / ".ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != "\n".join(requirements):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(programs / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *requirements], check=True)
        ready.write_text("\n".join(requirements), encoding="utf-8")
    return programs


def versions() -> dict[str, str]:
    """The versions of what was installed."""
    code = "import sys, importlib.metadata as m; print(*(m.version(name) for name in sys.argv[1:]))"
    command = [str(FOLDER / "bin" / "python"), "-c", code, *PACKAGES]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return dict(zip(PACKAGES, found, strict=True))


def chaos(peer: Path, *words: str) -> list[str]:
    """A command of the peer's that asks no network whether it is the newest version."""
    return [str(peer), "--no-version-check", *words]


def throttling(name: str) -> Activity:
    arguments = {"function_name": name, "concurrent_executions": 0}
    return _python(f"throttle {name}", "action", "chaosaws.awslambda.actions", "put_function_concurrency", arguments)


def unthrottling(name: str) -> Activity:
    arguments = {"function_name": name}
    return _python(f"free {name}", "action", "chaosaws.awslambda.actions", "delete_function_concurrency", arguments)


def http_probe(name: str, url: str) -> Activity:
    provider = {"type": "http", "url": url, "timeout": 5}
    return {"type": "probe", "name": name, "tolerance": 200, "provider": provider}


def waiting(seconds: float) -> Activity:
    provider = {"type": "process", "path": "sleep", "arguments": f"{seconds:g}"}
    return {"type": "action", "name": "wait", "provider": provider}


def _python(name: str, kind: str, module: str, function: str, arguments: Activity) -> Activity:
    provider = {"type": "python", "module": module, "func": function, "arguments": arguments}
    return {"type": kind, "name": name, "provider": provider}


def experiment(
    path: Path,
    *,
    probes: Iterable[Activity] = (),
    method: Iterable[Activity] = (),
    rollbacks: Iterable[Activity] = (),
) -> Path:
    """Write an experiment file."""
    content: Activity = {
        "title": "us-east-1 stops serving; checkout must be served from eu-west-1",
        "description": "what drillrunner's drill of the same row does",
        "configuration": {"aws_region": "us-east-1"},
        "method": list(method),
        "rollbacks": list(rollbacks),
    }
    if listed := list(probes):
        content["steady-state-hypothesis"] = {"title": "users are served", "probes": listed}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def regional_outage(path: Path) -> Path:
    """What `drills/regional-outage.yaml` asks for, as far as the peer has words for it."""
    check = _python(
        "health",
        "probe",
        "chaosaws.route53.probes",
        "get_health_check_status",
        {"check_id": "checkout-us-east-1"},
    )
    fail_over = _python(
        "fail over", "action", "chaosaws.rds.actions", "failover_db_cluster", {"db_cluster_identifier": "ledger"}
    )
    writes = [f"https://orders.example.test/{action}" for action in ("write", "read")]
    urls = ["https://checkout.example.test/health", "https://eu-west-1.checkout.example.test/health", *writes]
    probes = [http_probe(f"probe {number}", url) for number, url in enumerate(urls, start=1)]
    return experiment(
        path,
        probes=[*probes, {**check, "tolerance": True}],
        method=[throttling("checkout"), fail_over],
        rollbacks=[unthrottling("checkout"), fail_over],
    )
