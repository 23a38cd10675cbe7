"""This machine: its owner must install or choose something."""

from schemas.errors.roots import PermanentError


class SettingsInvalid(PermanentError):
    """A setting is missing or says what cannot be."""

    code = "settings_invalid"
    exit_status = 78
    cure = "Mend the named setting; `.env.example` explains each."


class PartMissing(PermanentError):
    """A program or model that this machine needs is not installed."""

    code = "part_missing"
    exit_status = 79
    cure = "Run `mentora doctor`: it says what is missing and how to get it."


class HomeInUse(PermanentError):
    """Another `mentora` already runs in this home."""

    code = "home_in_use"
    exit_status = 80
    cure = "Use the one that runs, stop it with `mentora stop`, or choose another MENTORA_HOME."


class NotRunning(PermanentError):
    """No `mentora up` runs in this home."""

    code = "not_running"
    exit_status = 81
    cure = "Start it with `mentora up`."


class ServerFailed(PermanentError):
    """A server of this home would not start."""

    code = "server_failed"
    exit_status = 82
    cure = "Read its log in the home's `logs` folder."
