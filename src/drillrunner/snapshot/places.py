"""Which region a name or an address belongs to, as far as it can be told from what AWS calls things."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from drillrunner.model.region import REGIONS

# Names that AWS makes for what answers requests. A load balancer's has its region before `elb` or after it
# (Application, Network); `dualstack.` may stand before. S3, CloudFront and databases are not among them: no
# function of the region answers there.
_FAMILIES = re.compile(
    r"(?:^|\.)(?:execute-api\.(?P<api>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"|(?P<classic>[a-z0-9-]+)\.elb\.amazonaws\.com(?:\.cn)?"
    r"|elb\.(?P<network>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"|lambda-url\.(?P<url>[a-z0-9-]+)\.on\.aws"
    r"|(?P<runner>[a-z0-9-]+)\.awsapprunner\.com"
    r"|(?P<beanstalk>[a-z0-9-]+)\.elasticbeanstalk\.com)$"
)
_OCTAL = re.compile(r"\\(\d{3})")


@dataclass(frozen=True, slots=True)
class Places:
    """`names` are those that API Gateway gave its custom domains, `addresses` those that a lab gives its regions."""

    regions: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)

    def of_name(self, name: str) -> str | None:
        """The region that answers a name which AWS made; None where it does not say."""
        plain = plain_name(name)
        if plain in self.names:
            return self.names[plain]
        match = _FAMILIES.search(plain)
        region = next((text for text in match.groups() if text), "") if match else ""
        return region if region in REGIONS else None


def plain_name(name: str) -> str:
    """A name as a topology writes it: lower case, no last dot, Route 53's `\\052` as `*`."""
    return _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), name).rstrip(".").lower()
