"""Who is calling: every route declares the scope that its callers need, or is public.

A route that declares neither stops the start, so none is open by accident.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from service.web.access.key_file import Scope
from service.web.access.keyring import Keyring
from service.web.access.limits import Limits
from service.web.request import PLACE, REFUSAL

View = Callable[..., Any]
_SCOPE = "required_scope"


class KeyRefusedError(Unauthorized):
    """The caller shows no key that opens this service."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "A valid API key is needed: Authorization: Bearer KEY, or X-API-Key.",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "model-service"}),
        )
        self.reason = reason


def requires(scope: Scope) -> Callable[[View], View]:
    """Mark a view as open to the keys that have a scope."""

    def mark(view: View) -> View:
        setattr(view, _SCOPE, scope)
        return view

    return mark


def public(view: View) -> View:
    """Mark a view as open to everybody."""
    setattr(view, _SCOPE, None)
    return view


def init_auth(app: Flask, keyring: Keyring, limits: Limits) -> None:
    """Ask every request for its key, before anything else sees it.

    Failed attempts are charged to their address, so that nobody guesses at speed; a
    key that is good opens from there still.
    """

    views = app.view_functions

    def authenticate() -> None:
        rule = request.url_rule
        if rule is None:  # what matches no route stays the 404 or 405 it is
            return
        scope = getattr(views[rule.endpoint], _SCOPE)
        if scope is None:
            return
        environ = request.environ
        key = _read_key(environ)
        client = keyring.find_client(key) if key else None
        if client is None:
            limits.note_failure(environ.get("REMOTE_ADDR", ""))
            raise KeyRefusedError("unknown_key" if key else "no_key")
        environ[PLACE].client = client
        limits.spend(environ, client.requests, 1)
        if scope not in client.scopes:
            raise Forbidden(f"The key does not have the scope {scope!r}.")

    def refuse_large() -> None:
        if REFUSAL in request.environ:
            raise request.environ[REFUSAL]

    app.before_request(authenticate)
    app.before_request(refuse_large)


def check_scopes(app: Flask) -> None:
    """Refuse an app with a route that is neither guarded nor public on purpose."""
    for endpoint, view in app.view_functions.items():
        if not hasattr(view, _SCOPE):
            raise RuntimeError(f"The route {endpoint!r} declares no scope.")


def read_scope(view: View) -> Scope | None:
    """Return the scope that a view requires, None where it is public."""
    scope: Scope | None = getattr(view, _SCOPE)
    return scope


def _read_key(environ: dict[str, Any]) -> str:
    """Return the key that is shown: an Authorization that is there decides."""
    shown = environ.get("HTTP_AUTHORIZATION")
    if shown is None:
        found: str = environ.get("HTTP_X_API_KEY", "")
        return found
    scheme, _, key = shown.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
