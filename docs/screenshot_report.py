"""The README's picture of a report, taken of a real one by a real browser.

make demo && .venv/bin/python docs/screenshot_report.py
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH, HEIGHT = 1000, 1240
COLOURS = 64


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", type=Path, default=ROOT / "runs" / "demo" / "report.html")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "plots" / "report.png")
    asked = parser.parse_args()
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None or not asked.report.is_file():
        sys.exit(f"this needs a browser, one of {BROWSERS}, and a report at {asked.report}; make demo makes one")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        take(browser, asked.report, shot, Path(folder) / "profile")
        # A picture of text needs few colours.
        Image.open(shot).convert("RGB").quantize(COLOURS).save(asked.out, optimize=True)
    sys.stdout.write(f"{asked.out}: {asked.out.stat().st_size:,} bytes\n")


def take(browser: str, report: Path, shot: Path, profile: Path) -> None:
    """Open the report without a window and save what is seen."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}"]
    flags += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={shot}", report.resolve().as_uri()]
    subprocess.run([browser, *flags], check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    main()
