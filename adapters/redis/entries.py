"""How a cached value lies in Redis: the versions it rests on, when it wants to be renewed, and the bytes.

A version is a random word that is made when somebody finds none, and never made twice. So a version that was deleted or
evicted can come back under no circumstances, and neither can what rested on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# KEYS: lock, value, versions. ARGV: a fresh random word, the lock's milliseconds, a version's milliseconds, and whether
# a value that holds will do. Answers the versions that there are from now on, and the value or the right to load it.
# The lock is the first thing that is written, because a full Redis looks at the first only.
LEASE = """
local versions = {}
for i = 3, #KEYS do versions[i - 2] = redis.call('GET', KEYS[i]) or ARGV[1] end
local header = table.concat(versions, ' ')
local value = redis.call('GET', KEYS[2])
if ARGV[4] == '1' and value and string.sub(value, 1, #header + 1) == header .. '\\n' then
  return {header, value, 0}
end
local granted = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
for i = 3, #KEYS do
  redis.call('SET', KEYS[i], ARGV[1], 'NX')
  redis.call('PEXPIRE', KEYS[i], ARGV[3])
end
return {header, false, granted and 1 or 0}
"""

# KEYS as above. ARGV: the lock's word, the versions before loading, the value's milliseconds, the value. Answers
# whether the versions are still the same: otherwise the value was made invalid while it was loaded, and is not kept.
STORE = """
local versions = {}
for i = 3, #KEYS do versions[i - 2] = redis.call('GET', KEYS[i]) or '' end
local holds = table.concat(versions, ' ') == ARGV[2]
if holds then redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[3]) end
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return holds and 1 or 0
"""

# KEYS: lock. ARGV: its word.
RELEASE = """
return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0
"""


@dataclass(frozen=True)
class Entry:
    """A value that holds. After `renew_at`, in Unix seconds, somebody should load it again."""

    body: bytes
    renew_at: float


@dataclass(frozen=True)
class Lease:
    """What a miss is told: somebody stored a value meanwhile, or whether it may load one, on which versions."""

    word: str
    header: bytes
    entry: Entry | None
    is_granted: bool


def packed(header: bytes, entry: Entry) -> bytes:
    """As it is stored."""
    return b"%s\n%f\n%s" % (header, entry.renew_at, entry.body)


def held(blob: object, versions: Sequence[object]) -> Entry | None:
    """The value, if there is one and all that it rests on is as it was."""
    if not isinstance(blob, bytes):
        return None
    header, _, rest = blob.partition(b"\n")
    if header != b" ".join(version if isinstance(version, bytes) else b"" for version in versions):
        return None
    renew_at, _, body = rest.partition(b"\n")
    return Entry(body, float(renew_at))
