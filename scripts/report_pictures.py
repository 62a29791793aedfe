"""Makes the pictures of docs/survey.md: one real survey, in every format.

    python scripts/report_pictures.py

Texts are drawn as a terminal shows them (rich), the page is photographed in Chromium (Playwright). The states are those of
tests/states.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "reports"
STATES = "tests/states"
TEXTS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")
_LINES = 30
_WIDTH = 118


def survey(name: str) -> str:
    """What the command prints in one format."""
    command = [sys.executable, "-m", "policy", "survey", STATES, "--format", name, "--fail-on", "never"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def drawn(name: str, text: str) -> None:
    """The first lines of a text as a terminal shows them."""
    # Of JSON the findings are what is looked for, not what stands before them.
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip().startswith(('"findings"', '"results"'))), 0)
    start = start if name in ("json", "sarif") and start else 0
    shown = [line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in lines[start : start + _LINES]]
    console = Console(record=True, width=_WIDTH, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text("\n".join(shown)), soft_wrap=True)
    title = f"python -m policy survey {STATES} --format {name}"
    # A picture in a repository asks no other machine for a font.
    picture = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title=title, unique_id=name), flags=re.S)
    (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")


def photographed() -> None:
    """The page with its first finding unfolded."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        page_file = Path(folder) / "report.html"
        page_file.write_text(survey("html"), encoding="utf-8")
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        page.goto(page_file.as_uri())
        page.locator(".finding summary").first.click()
        page.screenshot(path=PICTURES / "html.png", full_page=True)
        browser.close()


def main() -> None:
    """Make them all."""
    PICTURES.mkdir(exist_ok=True)
    for name in TEXTS:
        drawn(name, survey(name))
    photographed()


if __name__ == "__main__":
    main()
