# SPDX-License-Identifier: Apache-2.0
"""Configuration files from scripts/lib/templates. Nobody else reads them: one may have secrets."""

import os
import string

TEMPLATES = os.path.realpath(f"{os.path.dirname(__file__)}/../templates")


def write_private(path, text):
    """A file that nobody else reads."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
        f.write(text)


def write_config(template, path, **values):
    """Fills the template in and writes it to `path`, whose folder is made. Returns the path."""
    with open(f"{TEMPLATES}/{template}", encoding="utf-8") as f:
        text = string.Template(f.read()).substitute(values)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_private(path, text)
    return path
