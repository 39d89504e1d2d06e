"""Who is calling: every route declares the scope that it requires, or is public.

A route that declares neither stops the start, so none is open by accident.
"""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

from flask import Flask, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from service.settings import Platform
from service.web.access.key_file import Scope
from service.web.access.keyring import Keyring
from service.web.access.limits import Limits
from service.web.request import CONTEXT, RequestContext, current_context

View = Callable[..., Any]

# The attribute of a view that holds the scope it requires, None if it is public.
SCOPE = "required_scope"

# And that of the platform whose callers need no key for it, where it is trusted.
PLATFORM = "platform"


class KeyRefusedError(Unauthorized):
    """The request has no valid key."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "A valid API key is needed: Authorization: Bearer KEY, or X-API-Key.",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "model-service"}),
        )
        self.reason = reason


def requires(
    scope: Scope | None, platform: Platform | None = None
) -> Callable[[View], View]:
    """Mark a view as open to the keys that have a scope; None opens it to everybody.

    On a platform that is trusted, its view is open to whoever comes from there.
    """

    def mark(view: View) -> View:
        setattr(view, SCOPE, scope)
        setattr(view, PLATFORM, platform)
        return view

    return mark


public = requires(None)


def init_auth(
    app: Flask, keyring: Keyring, limits: Limits, trusted: Platform | None = None
) -> None:
    """Check the key of every request before anything else sees it.

    Callers of a trusted platform are one client, of its name. Failed attempts are
    charged to their address, so that keys cannot be guessed quickly; good keys still
    work from there.
    """
    views = app.view_functions
    platform = trusted and keyring.build_client(trusted, ("predict",))

    def authenticate() -> None:
        rule = request.url_rule
        if rule is None:  # 404 or 405, with or without a key
            return
        view = views[rule.endpoint]
        scope = getattr(view, SCOPE)
        if scope is None:
            return
        environ = request.environ
        key = _read_key(environ)
        client = keyring.find_client(key) if key else None
        # Before the platform's own key of a caller, which means nothing here.
        if client is None and trusted and getattr(view, PLATFORM, None) == trusted:
            client = platform
        if client is None:
            limits.note_failure(environ.get("REMOTE_ADDR", ""))
            raise KeyRefusedError("unknown_key" if key else "no_key")
        context: RequestContext = environ[CONTEXT]
        context.client = client
        limits.spend(context, client.requests, 1)
        if scope not in client.scopes:
            raise Forbidden(f"The key does not have the scope {scope!r}.")

    def refuse_large() -> None:
        refusal = current_context().refusal
        if refusal is not None:
            raise refusal

    app.before_request(authenticate)
    app.before_request(refuse_large)


def check_scopes(app: Flask) -> None:
    """Refuse an app with a route that is neither guarded nor public on purpose."""
    for endpoint, view in app.view_functions.items():
        if not hasattr(view, SCOPE):
            raise RuntimeError(f"The route {endpoint!r} declares no scope.")


def list_paths(app: Flask, method: str, *, is_public: bool) -> set[str]:
    """Return the paths that take a method, of public routes or of guarded ones."""
    return {
        rule.rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ())
        and is_public == (getattr(app.view_functions[rule.endpoint], SCOPE) is None)
    }


def _read_key(environ: dict[str, Any]) -> str:
    """Return the key of Authorization, or where that is missing, of X-API-Key.

    A client that can send no header of its choice, such as MLflow's, may read a netrc
    file, and sends the key as a password.
    """
    authorization = environ.get("HTTP_AUTHORIZATION")
    if authorization is None:
        return str(environ.get("HTTP_X_API_KEY", ""))
    scheme, _, rest = authorization.partition(" ")
    credentials = rest.strip()
    if scheme.lower() == "basic":
        return _read_password(credentials)
    return credentials if scheme.lower() == "bearer" else ""


def _read_password(credentials: str) -> str:
    """Return the password of RFC 7617, whoever the user is, or an empty string."""
    try:
        _, _, password = b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return ""
    return password
