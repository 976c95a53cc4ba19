# SPDX-License-Identifier: Apache-2.0
"""Configuration files from scripts/lib/templates."""

import os
import string

TEMPLATES = os.path.realpath(f"{os.path.dirname(__file__)}/../templates")


def write_config(template, path, **values):
    """Fills the template in and writes it to `path`, whose folder is made. Returns the path."""
    with open(f"{TEMPLATES}/{template}", encoding="utf-8") as f:
        text = string.Template(f.read()).substitute(values)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path
