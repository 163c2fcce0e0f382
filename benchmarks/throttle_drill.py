"""The drill of the throttle and kill rows, its environment, and the same as an experiment of the peer's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lambda_endpoint import ACCOUNT, Endpoint, function_names
from peer import experiment, throttling, unthrottling

ANSWER_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class ThrottleDrill:
    """So many functions throttled and put back at one endpoint; its files lie in `folder`."""

    folder: Path
    endpoint: Endpoint
    functions: int

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    def drill_file(self) -> Path:
        """drillrunner's drill, and the environment of kind aws beside it. JSON is YAML."""
        environment = {
            "kind": "aws",
            "account": ACCOUNT,
            "regions": ["us-east-1"],
            "endpoint_url": self.endpoint.url,
            "max_targets": self.functions,
            "confirm": False,
        }
        drills = self.folder / "drills"
        drills.mkdir(exist_ok=True)
        _write(drills / "environments.yaml", {"loopback": environment})
        return _write(drills / "many-throttles.yaml", self._drill())

    def experiment_file(self, functions: int | None = None) -> Path:
        """The peer's experiment (of fewer functions, if asked for)."""
        names = function_names(self.functions if functions is None else functions)
        path = self.folder / f"many-throttles-{len(names)}.json"
        return experiment(path, method=map(throttling, names), rollbacks=map(unthrottling, names))

    def peer_surroundings(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint.url}

    def _drill(self) -> dict[str, object]:
        throttle = {"region": "us-east-1", "functions": function_names(self.functions), "reserved_concurrency": 0}
        health = {"url": f"{self.endpoint.url}/health", "expect": {"status": 200}}
        return {
            "drill": "many-throttles",
            "title": "many functions are throttled at once; nothing fails over",
            "owner": "benchmarks",
            "environment": "loopback",
            "objectives": {"rto": "1s"},
            "probes": {"health": {"http.get": health, "every": "250ms", "timeout": "2s", "user_facing": True}},
            "baseline": {"for": "1s"},
            "faults": [{"lambda.throttle": throttle}],
            "recovery": {"within": "3s", "stable_for": "1s"},
            "revert": {"within": "10m"},
            "stop_if": [{"probe": "health", "fails_for": "5m"}],
        }


def _write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path
