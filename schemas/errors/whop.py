"""Whop, and the webhooks that come in its name."""

from schemas.errors.roots import PermanentError, TransientError


class WhopUnavailable(TransientError):
    """Whop cannot be asked now, and what is known of the caller is too old to let it in."""

    code = "whop_unavailable"
    exit_status = 100
    cure = "Try again when Retry-After says; if it lasts, an operator must look at Whop's status and at our API key."


class SignatureRefused(PermanentError):
    """The webhook is not signed with a secret of ours, was changed on its way, or is too old."""

    code = "signature_refused"
    exit_status = 101
    cure = "Sign the exact bytes with a secret of MENTORA_WHOP_WEBHOOK_SECRETS; clocks may differ by five minutes."


class TooManyKeys(PermanentError):
    """Two keys of this name are good already: one to replace, and the one that replaces it."""

    code = "too_many_keys"
    exit_status = 102
    cure = "Revoke the older one first (`mentora keys list`, `mentora keys revoke`), or choose another name."
