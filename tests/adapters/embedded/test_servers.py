"""What the session's servers offer."""

import asyncpg
import pytest
from redis.asyncio import Redis
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from schemas import search_attributes
from tests.conftest import Servers

pytestmark = pytest.mark.servers


async def test_the_database_is_durable_and_has_vectors(servers: Servers) -> None:
    connection = await asyncpg.connect(servers.admin_url)
    try:
        assert await connection.fetchval("SELECT current_database()") == "mentora"
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await connection.fetchval("SELECT current_setting($1)", setting) == "on"
        assert await connection.fetchval("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'") == 1
    finally:
        await connection.close()


async def test_the_cache_is_bounded_and_keeps_what_is_used_most(servers: Servers) -> None:
    async with Redis.from_url(servers.redis_url, decode_responses=True) as cache:
        settings = await cache.config_get("maxmemory*")
        assert int(settings["maxmemory"] or 0) > 0
        assert settings["maxmemory-policy"] == "allkeys-lfu"


async def test_the_limits_are_bounded_and_nobody_is_forgotten(servers: Servers) -> None:
    async with Redis.from_url(servers.limits_url, decode_responses=True) as limits:
        settings = await limits.config_get("maxmemory*")
        assert int(settings["maxmemory"] or 0) > 0
        assert settings["maxmemory-policy"] == "noeviction"


async def test_temporal_knows_our_search_attributes_and_keeps_closed_workflows_for_thirty_days(
    servers: Servers,
) -> None:
    client = await Client.connect(servers.temporal_address)
    namespace = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    assert namespace.config.workflow_execution_retention_ttl.ToTimedelta().days == 30
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert {key.name for key in search_attributes.ALL} <= set(listed.custom_attributes)
