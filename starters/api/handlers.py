"""What becomes of an error on its way out of a route."""

import logging
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from schemas import errors
from schemas.errors import MentoraError, TooManyRequests, TransientError
from starters.api.limiting import hold_to_limit, is_counted
from starters.api.problems import problem_document, problem_response, status_of

_LOGGER = logging.getLogger(__name__)


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of the app a problem document; an unknown one tells its request id and nothing else."""
    app.add_exception_handler(MentoraError, _known)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _routing)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, MentoraError)
    if status_of(error) >= 500 and not isinstance(error, TransientError):
        _LOGGER.error("%s: %s", error.code, error)
    return problem_response(request, error)


async def _unreadable(request: Request, error: Exception) -> Response:
    """Pydantic's findings, without the input: it may hold what must not be repeated."""
    assert isinstance(error, RequestValidationError)
    if refused := await _over_limit(request):
        return refused
    fields = tuple((".".join(map(str, found["loc"])), found["msg"]) for found in error.errors())
    first = f"{fields[0][0]}: {fields[0][1]}" if fields else "the request cannot be read"
    return problem_response(request, errors.RequestInvalid(first, fields))


async def _routing(request: Request, error: Exception) -> Response:
    """Starlette's own: no such route, another method, a body over the limit."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return problem_response(request, errors.NotFound("there is no such address"))
    if error.status_code != 405 and (refused := await _over_limit(request)):
        return refused
    if error.status_code == 413:
        return problem_response(request, errors.RequestTooLarge("the body is too large"))
    phrase = HTTPStatus(error.status_code).phrase
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := _methods(request)):
        headers["Allow"] = ", ".join(sorted(methods))
    return problem_document(request, error.status_code, errors.RequestInvalid, phrase.lower(), [], headers)


async def _over_limit(request: Request) -> Response | None:
    """What cannot be read is refused before anybody asks whose it is: so it is counted here, by address."""
    if is_counted(request):
        return None
    try:
        await hold_to_limit(request, request.app.state.resources.limits, None)
    except TooManyRequests as error:
        return problem_response(request, error)
    return None


def _methods(request: Request) -> set[str]:
    """What the contract has at this address: Starlette tells of the first route alone."""
    paths, path = request.app.openapi()["paths"], request.url.path
    if path in paths:  # a name of its own goes before an id
        return {method.upper() for method in paths[path]}
    fitting = (known for template, known in paths.items() if compile_path(template)[0].match(path))
    return {method.upper() for known in fitting for method in known}
