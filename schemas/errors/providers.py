"""The providers: an operator must change a key, a quota or a setting; or the provider recovers."""

from schemas.errors.roots import PermanentError, TransientError


class ProviderRefused(PermanentError):
    """The provider will not serve us: bad key, no permission, no quota, unknown model, request out of its bounds."""

    code = "provider_refused"
    exit_status = 60
    cure = "An operator must check the key, the quota and the model's name."


class ProviderDeclined(PermanentError):
    """The model declined to answer this content."""

    code = "provider_declined"
    exit_status = 61
    cure = "Choose another provider or model for this lecture."


class ProviderUnavailable(TransientError):
    """The provider failed, was slow or broke the connection."""

    code = "provider_unavailable"
    exit_status = 62
    cure = "Wait: it is retried. See the provider's status page."


class RateLimited(TransientError):
    """The provider asked us to slow down."""

    code = "rate_limited"
    exit_status = 63
    cure = "Wait: it is retried when the provider said."


class ProviderAnswerInvalid(TransientError):
    """The provider answered, and the answer is not what was asked for: nothing of it is kept."""

    code = "provider_answer_invalid"
    exit_status = 64
    cure = "It is retried; if it lasts, an operator must check the model's name and the base URL."


class DownloadInterrupted(TransientError):
    """The other server broke off; the next attempt goes on where this one ended."""

    code = "download_interrupted"
    exit_status = 65
    cure = "Wait: it is resumed."
