"""Runs one Pulumi CLI command with a Python program served from this process, and exits with the command's status.

    python run_inline.py <program folder> <pulumi> <arguments ...>

The CLI asks a language host to run the program; the Automation API's server for inline programs is one.
`pulumi.automation.Stack` is not used: its `up` always skips the preview, which is the gate that the tests are about,
and it hides the exit status. One process for each command, because the SDK and the modules that a program imports
keep state.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from concurrent import futures
from pathlib import Path

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc


def main(folder: Path, command: list[str]) -> int:
    """Serves the program and runs the command in the folder that it was started in."""

    def program() -> None:
        os.chdir(folder)  # where a language host starts a program: it may read files
        sys.path[0] = str(folder)  # was this file's folder
        runpy.run_path(str(folder), run_name="__main__")

    project = os.getcwd()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        return subprocess.run(
            [*command, f"--client=127.0.0.1:{port}", "--exec-kind=auto.inline"], cwd=project
        ).returncode
    finally:
        server.stop(grace=None)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
