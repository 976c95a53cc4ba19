# SPDX-License-Identifier: Apache-2.0
"""The report of the bench: merges what the generator, the daemons and real programs measured."""
