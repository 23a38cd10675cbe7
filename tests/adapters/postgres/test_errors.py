"""What PostgreSQL refuses, and what that means to who asked."""

from uuid import uuid4

import asyncpg
import pytest

from adapters.postgres.errors import unless_taken_away
from schemas.errors import VideoNotFound
from tests.databases import FreshDatabase

pytestmark = pytest.mark.servers


async def test_a_missing_grant_is_not_taken_for_a_row_that_is_gone(database: FreshDatabase) -> None:
    async def remove_videos() -> None:
        async with database.app.as_student(uuid4(), uuid4()) as connection:
            with unless_taken_away(VideoNotFound("gone")):
                await connection.execute("DELETE FROM videos")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await remove_videos()
