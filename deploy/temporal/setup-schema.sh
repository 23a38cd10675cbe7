#!/bin/sh
# Make Temporal's two databases and bring them to the schema of this image. Twice is once: `create` and `setup-schema`
# pass over what is there, `update-schema` applies what is missing. SQL_PASSWORD is the tool's own variable.
set -eu

apply() { # DATABASE FOLDER
    tool="temporal-sql-tool --plugin postgres12 --ep $POSTGRES_SEEDS --port $DB_PORT --user $POSTGRES_USER --db $1"
    $tool create
    $tool setup-schema -v 0.0
    $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

apply temporal temporal
apply temporal_visibility visibility
