#!/bin/sh
# Make the namespace, or bring one that is there to the same state: closed workflows kept for thirty days, and the search
# attributes of schemas/search_attributes.py. TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where. Twice is once.
set -eu
RETENTION=30d

until temporal operator cluster health >/dev/null 2>&1; do
    tries=$((${tries:-0} + 1))
    [ "$tries" -lt 30 ] || { echo "Temporal at $TEMPORAL_ADDRESS is not healthy after $tries tries" >&2; exit 1; }
    sleep 2
done

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
else
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi

# One at a time: of several --name the tool registers the first only (1.9.1). One that is there already is passed over;
# a namespace is known to every part of the server only some seconds after it was made.
for name in CreatorId VideoId JobType; do
    until temporal operator search-attribute create --name "$name" --type Keyword; do
        attempts=$((${attempts:-0} + 1))
        [ "$attempts" -lt 15 ] || exit 1
        sleep 2
    done
done
