"""What the embedded Temporal's namespace must have. Apart from its server, because it imports the SDK."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.service import ConnectConfig, RPCError, ServiceClient

from schemas import search_attributes
from schemas.errors import TemporalUnavailable


def attribute_types() -> dict[str, str]:
    """Every search attribute's name and the type by which the server's command line knows it."""
    return {
        key.name: key.indexed_value_type.name.replace("_", " ").title().replace(" ", "")
        for key in search_attributes.ALL
    }


async def ensure_namespace(address: str, namespace: str, retention: timedelta) -> None:
    """Add missing search attributes and set the retention. Raises TemporalUnavailable."""
    try:
        service = await ServiceClient.connect(ConnectConfig(target_host=address))
        await _ensure_attributes(service, namespace)
        await _ensure_retention(service, namespace, retention)
    except (RPCError, RuntimeError) as error:
        raise TemporalUnavailable(f"Temporal at {address} did not take its settings: {error}") from error


async def _ensure_attributes(service: ServiceClient, namespace: str) -> None:
    """The server takes those of its command line only when it makes its data file."""
    listed = await service.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    missing = {
        key.name: IndexedValueType.ValueType(key.indexed_value_type.value)
        for key in search_attributes.ALL
        if key.name not in listed.custom_attributes
    }
    if missing:
        await service.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=namespace, search_attributes=missing)
        )


async def _ensure_retention(service: ServiceClient, namespace: str, retention: timedelta) -> None:
    wanted = Duration()
    wanted.FromTimedelta(retention)
    found = await service.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    if found.config.workflow_execution_retention_ttl != wanted:
        await service.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=namespace, config=NamespaceConfig(workflow_execution_retention_ttl=wanted))
        )
