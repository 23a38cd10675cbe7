"""For who runs the installation: creators' settings, what is cached, how often may be asked."""

import logging
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from adapters.postgres.creators import CreatorDirectory
from adapters.postgres.limits import ChangedLimits
from adapters.redis.keys import POLICIES, CacheKey
from schemas.callers import Role
from schemas.creators import Creator, CreatorSettings
from schemas.errors import NotFound
from schemas.limits import DEFAULT_LIMITS, RateLimit
from starters.api.calling import ResourcesDep, calling
from starters.remembered import SETTINGS

Name = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
_LOGGER = logging.getLogger(__name__)

router = APIRouter(prefix="/api/admin", tags=["operations"], dependencies=[Depends(calling(Role.OPERATOR))])


class CreatorPage(BaseModel):
    """Creators in the order of their ids; `next` is the `after` of the page that follows."""

    items: list[Creator]
    next: UUID | None


class LimitState(BaseModel):
    """A limit as it is now."""

    name: str = Field(examples=["chat"])
    requests: int
    window_seconds: float
    is_changed: bool


class LimitChange(BaseModel):
    """So many requests in any window of so many seconds."""

    requests: int = Field(ge=1, le=1_000_000)
    window_seconds: int = Field(ge=1, le=86_400)


@router.get("/creators")
async def creators(
    resources: ResourcesDep,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> CreatorPage:
    """All creators, by pages."""
    found = await CreatorDirectory(resources.database).page(after, limit + 1)
    items = found[:limit]
    return CreatorPage(items=items, next=items[-1].creator_id if len(found) > limit else None)


@router.get("/creators/{creator_id}")
async def creator(creator_id: UUID, resources: ResourcesDep) -> Creator:
    """One creator, with the settings."""
    return _known(await CreatorDirectory(resources.database).find(creator_id))


@router.put("/creators/{creator_id}/settings")
async def choose(creator_id: UUID, settings: CreatorSettings, resources: ResourcesDep) -> Creator:
    """Replace the creator's settings; whoever asks from now on gets the new ones."""
    changed = _known(await CreatorDirectory(resources.database).choose(creator_id, settings))
    await resources.cache.invalidate_tag(creator_id, SETTINGS)
    return changed


@router.delete("/cache/{creator_id}/tags/{tag:path}", status_code=204)
async def forget_tag(creator_id: UUID, tag: Name, resources: ResourcesDep) -> None:
    """Forget all of the creator's cached values that carry the tag; twice is once."""
    await resources.cache.invalidate_tag(creator_id, tag)
    _LOGGER.info("cache: the tag %r of creator %s was forgotten", tag, creator_id)


@router.delete("/cache/{creator_id}/{policy}/{name:path}", status_code=204)
async def forget_key(creator_id: UUID, policy: Name, name: Name, resources: ResourcesDep) -> None:
    """Forget one cached value; twice is once."""
    if policy not in POLICIES:
        raise NotFound(f"nothing is cached as {policy[:50]!r}; there are {', '.join(POLICIES)}")
    await resources.cache.invalidate(CacheKey(POLICIES[policy], creator_id, name))
    _LOGGER.info("cache: %s %r of creator %s was forgotten", policy, name, creator_id)


@router.get("/limits")
async def limits(resources: ResourcesDep) -> list[LimitState]:
    """Each limit as it is now."""
    changed = await ChangedLimits(resources.database).all()
    return [_state(changed.get(name, limit), is_changed=name in changed) for name, limit in DEFAULT_LIMITS.items()]


@router.put("/limits/{name}")
async def change_limit(name: Name, change: LimitChange, resources: ResourcesDep) -> LimitState:
    """From now on so often; other gateway processes follow within seconds."""
    limit = RateLimit(name=_limit(name).name, requests=change.requests, window_seconds=change.window_seconds)
    await ChangedLimits(resources.database).change(limit)
    await resources.limits.refresh()
    return _state(limit, is_changed=True)


@router.delete("/limits/{name}")
async def restore_limit(name: Name, resources: ResourcesDep) -> LimitState:
    """Back to what it is by default; twice is once."""
    limit = _limit(name)
    await ChangedLimits(resources.database).restore(name)
    await resources.limits.refresh()
    return _state(limit, is_changed=False)


def _known(creator: Creator | None) -> Creator:
    if creator is None:
        raise NotFound("there is no such creator")
    return creator


def _limit(name: str) -> RateLimit:
    if name not in DEFAULT_LIMITS:
        raise NotFound(f"there is no limit {name[:50]!r}; there are {', '.join(DEFAULT_LIMITS)}")
    return DEFAULT_LIMITS[name]


def _state(limit: RateLimit, *, is_changed: bool) -> LimitState:
    return LimitState(
        name=limit.name, requests=limit.requests, window_seconds=limit.window_seconds, is_changed=is_changed
    )
