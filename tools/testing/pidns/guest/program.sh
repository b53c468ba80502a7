#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: program.sh NAME ARGUMENT...
#
# Runs a program of the stage folder.

exec "./$1" "${@:2}"
