"""Finds the Pulumi CLI for the end-to-end tests, or builds it: prints its path as the last line.

    python scripts/build_cli.py [--find]

From PATH, else from this project's cache folder, else (without --find) one Go build into that folder, which takes about
five minutes, once. Go fetches and checks the module as it is configured to.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "v3.259.0"
"""The newest version whose `pkg` module can be fetched whole."""

GO_MOD = f"""\
module pulumi-cli

go 1.25.11

require (
\tgithub.com/pulumi/pulumi/pkg/v3 {VERSION}
\tgithub.com/pulumi/pulumi/sdk/v3 {VERSION}
)

// A dependency's own replacement does not count here: this one is repeated from pkg's go.mod.
replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
"""

MAIN = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def cached() -> Path:
    """Where a built CLI is kept, outside the repository so that it outlives a clone."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "lambda-eni-guard" / f"pulumi-{VERSION}" / "pulumi"


def find() -> Path | None:
    """The CLI that is there already, if any."""
    if on_path := shutil.which("pulumi"):
        return Path(on_path)
    return cached() if cached().exists() else None


def build() -> Path:
    """Builds the CLI into the cache, where it gets its name only when it is whole."""
    go = shutil.which("go")
    if go is None:
        sys.exit("There is no `pulumi` and no `go` on PATH: install one of them (Go 1.25 or newer builds the CLI).")
    target = cached()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        Path(folder, "go.mod").write_text(GO_MOD, encoding="utf-8")
        flags = f"-s -w -X {VERSION_VARIABLE}={VERSION}"
        print(f"Building the Pulumi CLI {VERSION} with Go; this takes about five minutes, once.", file=sys.stderr)
        # -mod=mod lets Go write down the modules that pkg itself requires.
        command = [go, "build", "-mod=mod", "-ldflags", flags, "-o", "pulumi", MAIN]
        if subprocess.run(command, cwd=folder).returncode:
            sys.exit("Go could not build the Pulumi CLI; its messages are above.")
        Path(folder, "pulumi").replace(target)
    return target


def main() -> None:
    """Prints the path, building the CLI if need be."""
    parser = argparse.ArgumentParser(description="Find the Pulumi CLI, or build it.")
    parser.add_argument("--find", action="store_true", help="do not build: fail if there is none")
    only_find = parser.parse_args().find
    pulumi = find() or (None if only_find else build())
    if pulumi is None:
        sys.exit("There is no Pulumi CLI on PATH or in the cache: run `make cli`.")
    print(pulumi)


if __name__ == "__main__":
    main()
