"""Flask, without the features that this service has no use for.

A bare view takes Flask 45 microseconds and this 10. Left out are sessions, signals,
teardowns, hooks of single blueprints, and routes that depend on the caller's Host.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from flask import Flask, Request, Response
from flask.sansio.blueprints import Blueprint as BlueprintBase
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter, Rule

Rules = dict[tuple[str, str], Rule]

NO_SESSION = NullSession()

# Beside 1xx: the statuses whose body Werkzeug leaves out.
NO_BODY = (204, 304)


class Answer(Response):
    """A response whose whole body is there, and is sent as it stands."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        has_body = 200 <= self.status_code not in NO_BODY
        is_plain = has_body and type(self.response) is list
        if not is_plain or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return self.response  # type: ignore[return-value]


class PathAdapter(MapAdapter):
    """Finds the rule of a path without a variable part by one look-up."""

    rules: Rules

    def match(self, *arguments: Any, **options: Any) -> Any:
        """Return the rule and its arguments. Raises what Werkzeug raises."""
        rule = self.rules.get((self.path_info, self.default_method))
        return (rule, {}) if rule else super().match(*arguments, **options)


class Stateless(SessionInterface):
    """No session: a caller shows its key with every request."""

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return NO_SESSION


class Service(Flask):
    """A Flask whose views and hooks are plain functions, and whose hooks see all."""

    response_class = Answer
    session_interface = Stateless()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # A redirection would name no host, and lead to no route of ours.
        self.url_map.merge_slashes = False

    def register_blueprint(self, blueprint: BlueprintBase, **options: Any) -> None:
        """Register a blueprint's routes. Raises TypeError where it has hooks."""
        super().register_blueprint(blueprint, **options)
        hooks = (self.before_request_funcs, self.after_request_funcs)
        if any(blueprint.name in each for each in hooks):
            raise TypeError(f"The hooks of {blueprint.name!r} would never be called.")

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
        """Run the hooks before the request, the view, and the hooks after it."""
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
