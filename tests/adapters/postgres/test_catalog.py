"""The catalog itself proves what the design promises of every table, also of those that are added tomorrow."""

import pytest

from tests.databases import FreshDatabase

pytestmark = pytest.mark.servers

# The only tables that belong to no creator: to the schema, and to whoever runs the installation.
WITHOUT_CREATOR = {"schema_migrations", "installation_keys", "rate_limits"}

TABLES = """SELECT c.oid, c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, c.relispartition
            FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"""


async def test_every_table_belongs_to_a_creator_save_the_listed(database: FreshDatabase) -> None:
    rows = await database.rows(
        f"""SELECT name FROM ({TABLES}) t WHERE NOT EXISTS (
                SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'creator_id' AND a.attnotnull)"""
    )
    assert {row["name"] for row in rows} == WITHOUT_CREATOR


async def test_row_level_security_is_enabled_and_forced_with_a_checked_policy_everywhere(
    database: FreshDatabase,
) -> None:
    rows = await database.rows(
        f"""SELECT t.name, t.relrowsecurity AND t.relforcerowsecurity AS forced,
                   EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = t.oid AND p.polcmd = '*'
                             AND p.polwithcheck IS NOT NULL
                             AND pg_get_expr(p.polqual, t.oid) LIKE '%current_creator()%') AS checked
            FROM ({TABLES}) t"""
    )
    unguarded = {row["name"] for row in rows if not (row["forced"] and row["checked"])}
    assert unguarded == WITHOUT_CREATOR
    assert {row["name"] for row in rows if not row["forced"]} == {"schema_migrations"}
    assert len(rows) > 20


async def test_every_key_contains_the_creator(database: FreshDatabase) -> None:
    rows = await database.rows(
        f"""SELECT t.name, i.indexrelid::regclass::text AS index FROM ({TABLES}) t
            JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
            WHERE NOT EXISTS (SELECT 1 FROM pg_attribute a
                              WHERE a.attrelid = t.oid AND a.attname = 'creator_id' AND a.attnum = ANY (i.indkey))"""
    )
    assert {row["name"] for row in rows} == WITHOUT_CREATOR


async def test_every_foreign_key_stays_inside_one_creator_and_is_indexed(database: FreshDatabase) -> None:
    rows = await database.rows(
        """SELECT k.conname, k.conrelid::regclass::text AS name,
                  (SELECT attname FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = k.conkey[1]) AS first,
                  EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indpred IS NULL
                            AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey) AS indexed
           FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace"""
    )
    assert len(rows) > 15
    assert [row["conname"] for row in rows if row["first"] != "creator_id"] == []
    assert [row["conname"] for row in rows if not row["indexed"]] == []


async def test_application_roles_can_neither_own_nor_bypass(database: FreshDatabase) -> None:
    roles = await database.rows(
        """SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS mighty,
                  rolinherit FROM pg_roles WHERE rolname LIKE 'mentora\\_%'"""
    )
    assert {row["rolname"] for row in roles} == {"mentora_app", "mentora_student", "mentora_operator", "mentora_relay"}
    assert not any(row["mighty"] or row["rolinherit"] for row in roles)
    owned = "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) LIKE 'mentora\\_%'"
    assert await database.scalar(owned) == 0


async def test_nobody_may_truncate_or_touch_a_partition(database: FreshDatabase) -> None:
    grants = await database.rows(
        """SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants
           WHERE (grantee LIKE 'mentora\\_%' OR grantee = 'PUBLIC') AND table_schema = 'public'"""
    )
    assert {row["privilege_type"] for row in grants} <= {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert not [row for row in grants if row["table_name"].startswith("analytics_events_")]
    assert not [row for row in grants if row["grantee"] == "PUBLIC"]


async def test_functions_above_their_caller_have_a_fixed_search_path(database: FreshDatabase) -> None:
    rows = await database.rows(
        """SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"""
    )
    assert [row["proname"] for row in rows] == ["ensure_analytics_partitions"]
    assert all("search_path" in (row["proconfig"] or [""])[0] for row in rows)


async def test_the_callers_time_is_bounded(database: FreshDatabase) -> None:
    async with database.app.transaction() as connection:
        for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            assert await connection.fetchval("SELECT current_setting($1)", setting) != "0"


async def test_time_ranges_of_analytics_are_found_by_brin(database: FreshDatabase) -> None:
    method = """SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam
                WHERE relname = 'analytics_events_by_time'"""
    assert await database.scalar(method) == "brin"
