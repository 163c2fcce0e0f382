"""Alarms that evaluate: once a period of drill time, from the world's metrics, into moto's alarm state."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from moto.cloudwatch.models import cloudwatch_backends

from drillrunner.lab.databases.cloudwatch.evaluation import EXTRA_PERIODS, Rule, State, evaluate
from drillrunner.lab.databases.cloudwatch.metrics import PERIOD_SECONDS, MetricKey, Metrics
from drillrunner.lab.world import ACCOUNT, World


class Alarms:
    """Evaluates the metric alarms of every region.

    Alarms on metric math and composite alarms are left as SetAlarmState left them: the lab computes
    neither. Periods below 60 s evaluate once a minute, the resolution of the lab's metrics.
    """

    def __init__(self, world: World, metrics: Metrics) -> None:
        self._world = world
        self._metrics = metrics

    async def run(self) -> None:
        """Evaluate at the end of each minute of the lab's time line, until cancelled."""
        while True:
            now = self._metrics.now().timestamp()
            # A little after the minute, so that what was recorded in its last moment counts.
            due_in = PERIOD_SECONDS - now % PERIOD_SECONDS + 0.5
            await self._world.clock.sleep(due_in)
            self.evaluate(self._metrics.now())

    def evaluate(self, moment: datetime) -> None:
        """Evaluate every alarm whose period ended in the minute before `moment`."""
        with self._world.lock:
            for region, backend in cloudwatch_backends[ACCOUNT].items():
                for alarm in list(backend.alarms.values()):
                    if _is_due(alarm, moment):
                        self._evaluate(region, alarm, moment)

    def _evaluate(self, region: str, alarm: Any, moment: datetime) -> None:
        datapoints = self._datapoints(region, alarm, moment)
        current = cast("State", alarm.state_value)
        state = evaluate(_rule(alarm), datapoints, current)
        if state == current:
            return
        statistic = alarm.extended_statistic or alarm.statistic
        recent = [value for value in datapoints if value is not None][-int(alarm.evaluation_periods) :]
        reason = (
            f"Threshold {alarm.comparison_operator} {alarm.threshold}: the last datapoints of {statistic} are {recent}"
        )
        data = {"version": "1.0", "recentDatapoints": recent, "threshold": float(alarm.threshold)}
        alarm.update_state(reason, json.dumps(data), state)

    def _datapoints(self, region: str, alarm: Any, moment: datetime) -> list[float | None]:
        period = _period(alarm)
        end = datetime.fromtimestamp(moment.timestamp() // period * period, UTC)
        count = int(alarm.evaluation_periods) + EXTRA_PERIODS
        start = end - timedelta(seconds=period * count)
        key = MetricKey(
            region,
            alarm.namespace,
            alarm.metric_name,
            frozenset((dimension.name, dimension.value) for dimension in alarm.dimensions),
        )
        statistic = alarm.extended_statistic or alarm.statistic
        found = {at: sample.statistic(statistic) for at, sample in self._metrics.periods(key, start, end, period)}
        return [found.get(start + timedelta(seconds=period * number)) for number in range(count)]


def _is_due(alarm: Any, moment: datetime) -> bool:
    if not alarm.metric_name or alarm.metric_data_queries or alarm.rule is not None:
        return False
    return moment.timestamp() % _period(alarm) < PERIOD_SECONDS


def _period(alarm: Any) -> int:
    return max(PERIOD_SECONDS, int(alarm.period))


def _rule(alarm: Any) -> Rule:
    periods = int(alarm.evaluation_periods)
    return Rule(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=periods,
        to_alarm=int(alarm.datapoints_to_alarm or periods),
        missing=alarm.treat_missing_data or "missing",
    )
