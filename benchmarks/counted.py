"""What a gateway counted, by its own /metrics."""

from dataclasses import dataclass, field
from typing import Self

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Counted:
    """Every counter and bucket of one process."""

    values: dict[Key, float] = field(default_factory=dict)

    @classmethod
    async def of(cls, gateway: httpx2.AsyncClient) -> Self:
        """As it is now."""
        text = (await gateway.get("/metrics")).raise_for_status().text
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return cls({_key(sample): sample.value for sample in samples})

    def since(self, before: Self) -> Self:
        """What came to it after."""
        return type(self)({key: value - before.values.get(key, 0) for key, value in self.values.items()})

    def statements(self, route: str) -> float:
        """How many statements an answer of the route took on average."""
        total = self._sum("mentora_http_request_statements_sum", route=route)
        return total / max(self._sum("mentora_http_request_statements_count", route=route), 1)

    def statement_p95(self) -> float:
        """Seconds that 95 % of the statements stayed under: the edge of the bucket where they are reached."""
        name = "mentora_database_statement_seconds"
        wanted = 0.95 * self._sum(f"{name}_count")
        buckets = sorted(
            (float(dict(labels)["le"]), n) for (key, labels), n in self.values.items() if key == f"{name}_bucket"
        )
        return next(edge for edge, reached in buckets if reached >= wanted)

    def cache(self) -> dict[str, tuple[float, float]]:
        """Hits and reads of each cache."""
        found: dict[str, tuple[float, float]] = {}
        for (key, labels), value in self.values.items():
            if key == "mentora_cache_reads_total":
                said = dict(labels)
                hits, reads = found.get(said["cache"], (0.0, 0.0))
                found[said["cache"]] = (hits + value * (said["outcome"] == "hit"), reads + value)
        return found

    def _sum(self, name: str, **wanted: str) -> float:
        return sum(v for (key, labels), v in self.values.items() if key == name and labels >= set(wanted.items()))


def _key(sample: Sample) -> Key:
    return sample.name, frozenset(sample.labels.items())
