// SPDX-License-Identifier: GPL-2.0

//! Tests of how numbers are allocated and freed.

mod first;
mod levels;
mod order;
mod search;
mod set_tid;
