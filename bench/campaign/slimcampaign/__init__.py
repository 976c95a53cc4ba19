# SPDX-License-Identifier: Apache-2.0
"""The benchmark suite's results: read, drawn, written as a page, and checked.

Read data.py, then statistics.py, then figures.py and page.py; check.py stands apart."""
