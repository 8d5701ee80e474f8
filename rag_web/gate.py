"""Who may come in: one ASGI middleware before the page, its events, uploads and REST alike.

Three kinds of request. Those of this machine and its network pass when they name it by an address or a local name: a
page elsewhere that has its own name pointed at us (DNS rebinding) does not. Requests that a page elsewhere sends on
behalf of its visitor (a foreign Origin) are refused. Those of the share link arrive at a port of their own, which only
the tunnel knows, and need the password; they cannot be told by their address, since the tunnel runs on this machine.
Knows nothing of gradio or the Workbench.
"""

import base64
import binascii
import ipaddress
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .notices import refusal
from .rest import ENDPOINT
from .sharing import ShareState

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
POLICY_VIOLATION = 1008  # the code a refused websocket is closed with


class Gate:
    """The middleware. `hosts` are further names this machine is called by, lower case."""

    def __init__(self, app: ASGIApp, share: ShareState, hosts: frozenset[str] = frozenset()) -> None:
        self.app = app
        self.share = share
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        refused = self._refuse(scope) if scope["type"] in ("http", "websocket") else None
        if refused is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await refused(scope, receive, send)

    def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        visitor = self._from_link(scope)
        refused = self._refuse_visitor(scope["path"], headers) if visitor else self._refuse_name(headers)
        return refused or self._refuse_origin(scope, headers)

    def _from_link(self, scope: Scope) -> bool:
        server = scope.get("server")
        return self.share.door is not None and server is not None and server[1] == self.share.door

    def _refuse_visitor(self, path: str, headers: Headers) -> Response | None:
        if not knows(self.share.password, headers.get("authorization", "")):
            return PlainTextResponse(
                "This page is shared with a password. Any user name will do.",
                status_code=401,
                headers={"WWW-Authenticate": 'Basic realm="RAGscope", charset="UTF-8"'},
            )
        if path.rstrip("/") == ENDPOINT and not self.share.rest:
            return refusal(403, f"{ENDPOINT} is not shared. Its owner can start RAGscope with --share-rest.")
        return None

    def _refuse_name(self, headers: Headers) -> Response | None:
        name = hostname(headers.get("host", ""))
        if name in self.hosts or is_local(name):
            return None
        return PlainTextResponse(
            f"RAGscope does not answer to the name {name!r}. If it is yours, start RAGscope with --allow-host {name}",
            status_code=403,
        )

    def _refuse_origin(self, scope: Scope, headers: Headers) -> Response | None:
        origin = headers.get("origin")
        if origin is None or scope.get("method") in SAFE_METHODS:
            return None
        if urlsplit(origin).netloc == headers.get("host") or hostname(urlsplit(origin).netloc) in self.hosts:
            return None
        return PlainTextResponse("RAGscope takes no requests from other pages.", status_code=403)


def knows(password: str, authorization: str) -> bool:
    """Whether an Authorization header (Basic with any user name, or Bearer) carries the password.

    An empty password is known to nobody. Takes the same time wherever a wrong one differs.
    """
    scheme, _, value = authorization.partition(" ")
    given = value.strip().encode()
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).partition(b":")[2]
        except binascii.Error:
            return False
    elif scheme.lower() != "bearer":
        return False
    return bool(password) and secrets.compare_digest(given, password.encode())


def hostname(host: str) -> str:
    """The name in a Host header, without port and brackets, lower case; "" when there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_local(name: str) -> bool:
    """Whether nobody outside can own the name: an address, localhost, a name without a dot, or one of .local."""
    if name.endswith((".localhost", ".local")):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and "." not in name
    return True
