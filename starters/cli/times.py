"""Times as a person reads them."""

_MINUTE, _HOUR = 60, 3_600


def clock(seconds: float) -> str:
    """A place in a lecture, as a player shows it: 0:07, 12:34, 1:02:03. It is cut, not rounded: a jump lands before."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, _MINUTE)
    if whole < _HOUR:
        return f"{minutes}:{rest:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def lasting(seconds: float) -> str:
    """How long something took: 0.3 s, 42 s, 3 min 05 s, 1 h 02 min."""
    seconds = max(0.0, seconds)
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes // 60} h {minutes % 60:02} min"
