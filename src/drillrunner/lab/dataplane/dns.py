"""The lab's DNS: Route 53 record state as it is in force now, and the names that databases register."""

from __future__ import annotations

from drillrunner.lab.dataplane.controlstate import ControlState, RecordSet, plain_name
from drillrunner.lab.dataplane.routing import Answer, Client, Healthy, Zones, answer, effective
from drillrunner.lab.world import World

PROPAGATION_SECONDS = 2.0
TICK_SECONDS = 0.5


class Dns:
    """Answers from a copy of the records, renewed `propagation_seconds` after a change, as name servers are.

    `healthy(check_id)` is each health check's verdict. All methods but `run` may be called from any thread.
    """

    def __init__(
        self,
        world: World,
        control: ControlState,
        healthy: Healthy,
        client: Client | None = None,
        propagation_seconds: float = PROPAGATION_SECONDS,
    ) -> None:
        self._world = world
        self._control = control
        self._healthy = healthy
        self._client = client or Client()
        self._propagation_seconds = propagation_seconds
        self._in_force: tuple[RecordSet, ...] = ()
        self._registered: dict[str, RecordSet] = {}
        self._zones = Zones()
        self._due: float | None = None
        self._last: dict[tuple[str, str], tuple[tuple[str, ...], float]] = {}

    def answer(self, name: str, rtype: str = "A", client: Client | None = None) -> Answer:
        """What a resolver is told now. Logs truth `dns.answered`."""
        told = self.tell(name, rtype, client)
        values = list(told.rrsets[-1].values) if told.rrsets else []
        ttl = told.rrsets[-1].ttl_seconds if told.rrsets else None
        self._world.truth.add("dns.answered", plain_name(name), values=values, ttl=ttl)
        return told

    def tell(self, name: str, rtype: str = "A", client: Client | None = None) -> Answer:
        """What a resolver is told now; not logged."""
        with self._world.lock:
            return answer(self._zones, name, rtype, self._healthy, client or self._client, self._world.random)

    def address(self, name: str) -> str | None:
        """One address of a name, for the lab's own use; not logged."""
        told = self.tell(name)
        last = told.rrsets[-1] if told.rrsets else None
        return last.values[0] if last and last.type == "A" and last.values else None

    def register(self, name: str, address: str, ttl: float) -> None:
        """Let an AWS-made name (a database endpoint) answer an address, at once."""
        with self._world.lock:
            self._registered[plain_name(name)] = RecordSet(plain_name(name), "A", ttl, (address,))
            self._zones = Zones.of([*self._in_force, *self._registered.values()])
        self.evaluate()

    def unregister(self, name: str) -> None:
        """Forget a registered name."""
        with self._world.lock:
            self._registered.pop(plain_name(name), None)
            self._zones = Zones.of([*self._in_force, *self._registered.values()])
        self.evaluate()

    def records_changed(self) -> None:
        """Record sets were changed: they come into force after the propagation time."""
        due = self._world.clock.monotonic() + self._propagation_seconds
        with self._world.lock:
            self._due = due if self._due is None else min(self._due, due)

    def refresh(self) -> None:
        """Put the control plane's records into force now."""
        with self._world.lock:
            self._due = None
            self._in_force = tuple(self._control.records())
            self._zones = Zones.of([*self._in_force, *self._registered.values()])
        self.evaluate()

    def evaluate(self) -> None:
        """Log truth `dns.changed` for every name whose effective answer is not what it was."""
        with self._world.lock:
            now = {
                (name, rtype): effective(self._zones, name, rtype, self._healthy, self._client)
                for name, rtype in self._zones.groups
                if rtype not in {"NS", "SOA"}
            }
            gone: dict[tuple[str, str], tuple[tuple[str, ...], float]] = {
                key: ((), 0.0) for key in self._last if key not in now
            }
            changed = {key: told for key, told in {**now, **gone}.items() if self._last.get(key) != told}
            self._last = now
        for (name, _), (values, ttl) in changed.items():
            self._world.truth.add("dns.changed", name, values=list(values), ttl=ttl)

    async def run(self) -> None:
        """Bring changed records into force when they are due, until cancelled."""
        while True:
            await self._world.clock.sleep(TICK_SECONDS)
            if self._due is not None and self._world.clock.monotonic() >= self._due:
                self.refresh()
