"""What a stack does between its servers and its workers."""

from collections.abc import Mapping

from adapters.embedded.stack import Prepare
from adapters.settings import Settings


def migration(settings: Settings) -> Prepare:
    """Bring the database to this version, where we are given its administrator's address."""

    async def migrate(environment: Mapping[str, str]) -> None:
        from adapters.postgres import migrations  # noqa: PLC0415  imported while the servers start

        # A real cluster is migrated by who may: without the administrator's address it is taken as it is.
        if admin_url := environment.get("MENTORA_POSTGRES_ADMIN_URL") or settings.postgres_admin_url:
            await migrations.migrate(admin_url)

    return migrate
