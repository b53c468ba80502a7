#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(dirname "$0")/../tools/testing exec /usr/bin/python3 -m pidns source "$@"
