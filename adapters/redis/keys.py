"""What is cached: for how long, whose it is, and what makes it invalid."""

from dataclasses import dataclass
from uuid import UUID

EPOCH = "epoch"  # the version that every value rests on: without it the cache is as good as empty


@dataclass(frozen=True)
class CachePolicy:
    """A kind of value, and how old one may become."""

    name: str
    ttl_seconds: float


CHAT_CONTEXT = CachePolicy("chat-context", 600)
MEMBERSHIP = CachePolicy("membership", 300)
VIDEO = CachePolicy("video", 3_600)
CREATOR_SETTINGS = CachePolicy("creator-settings", 1_800)

POLICIES = {policy.name: policy for policy in (CHAT_CONTEXT, MEMBERSHIP, VIDEO, CREATOR_SETTINGS)}


@dataclass(frozen=True)
class CacheKey:
    """One value of one creator. Who reads it must name the same `tags` as who wrote it, or does not find it."""

    policy: CachePolicy
    creator_id: UUID
    name: str
    tags: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        """Where the value lies."""
        return f"cache:{self._path}"

    @property
    def lock(self) -> str:
        """Held by who loads it."""
        return f"lock:{self._path}"

    @property
    def own_version(self) -> str:
        """The version that is this key's alone."""
        return f"version:{self._path}"

    @property
    def versions(self) -> tuple[str, ...]:
        """Where the versions lie that the value rests on. If one of them changes or goes, the value holds no more."""
        return (EPOCH, self.own_version, *(tag_version(self.creator_id, tag) for tag in self.tags))

    @property
    def _path(self) -> str:
        return f"{self.policy.name}:{self.creator_id}:{self.name}"


def tag_version(creator_id: UUID, tag: str) -> str:
    """Where a tag's version lies: a creator's tags are nobody else's."""
    return f"tag:{creator_id}:{tag}"
