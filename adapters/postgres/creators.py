"""Creators: a row each, made when one is first heard of."""

from uuid import UUID

from adapters.postgres.pool import Connection


async def ensure_creator(connection: Connection, creator: UUID, company: str | None = None) -> None:
    """Make the creator's row where there is none, and note its Whop company where none is noted."""
    sql = """INSERT INTO creators (creator_id, name, whop_company_id) VALUES ($1, $2, $3)
             ON CONFLICT (creator_id) DO UPDATE SET whop_company_id = EXCLUDED.whop_company_id
             WHERE creators.whop_company_id IS NULL AND EXCLUDED.whop_company_id IS NOT NULL"""
    await connection.execute(sql, creator, company or str(creator), company)
