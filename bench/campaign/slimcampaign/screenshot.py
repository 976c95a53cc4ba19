# SPDX-License-Identifier: Apache-2.0
"""A picture of a page, taken by Chromium if there is one."""

import os
import shutil
import subprocess
import tempfile

from .data import BadInput

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_S = 180


def take(page, output, dark=False, size=(1280, 6000)):
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if browser is None:
        raise BadInput(f"no picture of the page: there is none of {', '.join(BROWSERS)}")
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}",
                   f"--window-size={size[0]},{size[1]}", f"--screenshot={os.path.abspath(output)}"]
        command.append(f"--blink-settings=preferredColorScheme={0 if dark else 1}")
        try:
            done = subprocess.run([*command, f"file://{os.path.abspath(page)}"], capture_output=True, text=True,
                                  timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as e:
            raise BadInput(f"no picture of the page: {browser} took more than {TIMEOUT_S} s") from e
    if done.returncode != 0 or not os.path.exists(output):
        raise BadInput(f"no picture of the page: {browser}: {done.stderr.strip()[-300:]}")
