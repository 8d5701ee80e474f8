"""Puts page, REST, gate and link together and serves them from one port.

Knows gradio's `launch`; knows neither the command line nor what is on the page.
"""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.middleware import Middleware

from rag_core import SettingError, Workbench

from .gate import Gate
from .rest import routes
from .sharing import ShareState, Tunnel

MAX_FILE_SIZE = "200mb"


class Server:
    """The page of one Workbench, served in the background until `close`."""

    def __init__(
        self,
        bench: Workbench,
        share: ShareState,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        hosts: Iterable[str] = (),
    ) -> None:
        """`port` None: 7860 or the next one that is free. `hosts`: further names this machine is called by.

        SettingError when the address or the port cannot be had.
        """
        from .page import build_page, launch_options

        self._bench = bench
        self._share = share
        self._tunnel: Tunnel | None = None
        self._page = build_page(bench, share=share)
        app_kwargs: dict[str, Any] = {
            "routes": routes(bench),
            "middleware": [Middleware(Gate, share=share, hosts=frozenset(name.lower() for name in (host, *hosts)))],
            "openapi_url": None,
        }
        try:
            self._page.launch(
                server_name=host,
                server_port=port,
                app_kwargs=app_kwargs,
                prevent_thread_lock=True,
                quiet=True,
                inbrowser=False,
                share=False,  # sharing.py opens the link, without holding the page back
                show_error=True,
                max_file_size=MAX_FILE_SIZE,
                enable_monitoring=False,
                run_history=False,
                ssr_mode=False,
                num_workers=0,  # workers would listen on ports of their own, past the gate
                **launch_options(),
            )
        except OSError:
            where = f"{host}:{port}" if port else f"{host}, ports 7860 and the hundred after it"
            raise SettingError(
                f"RAGscope cannot listen at {where}. Another program may be using it: choose another --port."
            ) from None

    @property
    def url(self) -> str:
        """Where the page is on this machine, ending in a slash."""
        return str(self._page.local_url)

    def open_link(self, announce: Callable[[str], None]) -> None:
        """Start opening the share link; `announce` gets one sentence when it is there or will not come."""
        self._tunnel = Tunnel(self._share, self._page.server, announce)
        self._tunnel.start()

    def close(self) -> None:
        """Take down link and page, then close the Workbench."""
        if self._tunnel is not None:
            self._tunnel.close()
        self._page.close(verbose=False)
        self._bench.close()
