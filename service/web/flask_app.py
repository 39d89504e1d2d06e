"""Flask, without the detours that this service has no use for.

A bare view takes Flask 45 microseconds and this 10. What is left out is what no part of
the service asks for: sessions, signals, teardowns, hooks of single blueprints, async
views, and routes that depend on the host that a caller names.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from flask import Flask, Request, Response
from flask.sansio.blueprints import Blueprint as BlueprintBase
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter, Rule

Rules = dict[tuple[str, str], Rule]

NO_SESSION = NullSession()

# Beside 1xx: what Werkzeug leaves the body of away.
NO_BODY = (204, 304)


class Answer(Response):
    """A response whose whole body is there, and is sent as it stands."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer by WSGI."""
        has_body = 200 <= self.status_code not in NO_BODY
        is_plain = has_body and type(self.response) is list
        if not is_plain or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return self.response  # type: ignore[return-value]


class PathAdapter(MapAdapter):
    """Finds the rule of a path that has no variable part by one look-up."""

    rules: Rules

    def match(self, *arguments: Any, **options: Any) -> Any:
        """Return the rule and its arguments. Raises what Werkzeug raises."""
        rule = self.rules.get((self.path_info, self.default_method))
        return (rule, {}) if rule else super().match(*arguments, **options)


class Stateless(SessionInterface):
    """No session: a caller shows its key with every request."""

    def open_session(self, app: Flask, request: Request) -> NullSession:
        """Return the session that nothing is kept in."""
        return NO_SESSION

    def is_null_session(self, obj: object) -> bool:
        """Say that there is nothing to save."""
        return True


class Service(Flask):
    """A Flask whose views and hooks are plain functions, and whose hooks see all."""

    response_class = Answer
    session_interface = Stateless()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # What is redirected would be led to no host, and is no route of ours.
        self.url_map.merge_slashes = False

    def register_blueprint(self, blueprint: BlueprintBase, **options: Any) -> None:
        """Take a blueprint's routes. Raises TypeError where it has hooks."""
        super().register_blueprint(blueprint, **options)
        hooks = (self.before_request_funcs, self.after_request_funcs)
        if any(blueprint.name in each for each in hooks):
            raise TypeError(f"The hooks of {blueprint.name!r} would never be called.")

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function itself: Flask looks at each anew for every request."""
        return func

    @cached_property
    def rules(self) -> Rules:
        """The rules without a variable part, by path and method."""
        return {
            (rule.rule, method): rule
            for rule in self.url_map.iter_rules()
            if not rule.arguments
            for method in rule.methods or ()
        }

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match by path and method alone."""
        if request is None:
            return None
        path, method = request.path, request.method
        adapter = PathAdapter(self.url_map, "", "", "", "http", path, method)
        adapter.rules = self.rules
        return adapter

    def full_dispatch_request(self) -> Response:
        """Go through the hooks, the view, and the hooks on the way back."""
        try:
            for before in self.before_request_funcs[None]:
                before()
            answer: Any = self.dispatch_request()
        except Exception as error:  # noqa: BLE001 - web.errors answers each
            answer = self.handle_user_exception(error)
        response = (
            answer if isinstance(answer, Response) else self.make_response(answer)
        )
        for after in reversed(self.after_request_funcs[None]):
            after(response)
        return response

    def do_teardown_request(self, *_: Any) -> None:
        """Do nothing: nothing is registered."""

    def do_teardown_appcontext(self, *_: Any) -> None:
        """Do nothing: nothing is registered."""
