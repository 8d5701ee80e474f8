"""RAGscope's front door: read the arguments, open the Workbench, serve the page. Does nothing when imported."""

import os
import signal
import sys
import threading
import webbrowser
from dataclasses import replace

from rag_web.arguments import parse


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM. The exit status: 0, or 2 after a sentence about what is in the way."""
    args = parse(argv)
    # Nothing leaves this machine unasked. gradio and the hub's client read these when they are imported.
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", GRADIO_RUN_HISTORY="False", HF_HUB_DISABLE_TELEMETRY="1")
    os.environ["HF_HUB_OFFLINE"] = "0" if args.allow_download else "1"
    from rag_core import ModelSettings, RagError, Workbench
    from rag_web.serving import Server
    from rag_web.sharing import ShareState, new_password

    flags = ("embedder", "chat", "n_gpu_layers", "allow_download")
    given = {name: getattr(args, name) for name in flags if getattr(args, name) is not None}
    try:
        settings = replace(ModelSettings.from_env(), **given)
        share = ShareState(args.share_password or new_password(), rest=args.share_rest) if args.share else ShareState()
        bench = Workbench(args.indices, args.models, settings=settings)
        server = Server(bench, share, host=args.host, port=args.port, hosts=args.allow_host)
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"RAGscope is at {server.url} (Ctrl-C ends it)", flush=True)
    if args.share:
        server.open_link(lambda message: print(message, flush=True))
    if args.browser:
        webbrowser.open(server.url)
    while not stop.wait(1):  # a wait without an end would not hear Ctrl-C on Windows
        pass
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
