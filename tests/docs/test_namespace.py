"""`deploy/temporal/create-namespace.sh`, on a real Temporal."""

import asyncio
import os
from asyncio.subprocess import PIPE, STDOUT

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from adapters.embedded.programs import temporal_program
from schemas import search_attributes
from tests.conftest import Servers
from tests.docs.pages import ROOT
from tests.surroundings import bare_environment

pytestmark = [pytest.mark.servers, pytest.mark.slow]
NAMESPACE = "made-by-script"


async def _script(servers: Servers) -> tuple[int | None, str]:
    path = f"{temporal_program({}).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *("sh", str(ROOT / "deploy" / "temporal" / "create-namespace.sh")),
        env=bare_environment()
        | {"PATH": path, "TEMPORAL_ADDRESS": servers.temporal_address, "TEMPORAL_NAMESPACE": NAMESPACE},
        stdout=PIPE,
        stderr=STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_the_namespace_is_made_as_the_embedded_one_is_and_twice_is_once(servers: Servers) -> None:
    for _ in range(2):
        status, said = await _script(servers)
        assert status == 0, said
    client = await Client.connect(servers.temporal_address, namespace=NAMESPACE)
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
    assert found.config.workflow_execution_retention_ttl.ToTimedelta().days == 30
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=NAMESPACE))
    assert {key.name: key.indexed_value_type.value for key in search_attributes.ALL}.items() <= dict(
        listed.custom_attributes
    ).items()
