// SPDX-License-Identifier: GPL-2.0

//! Tests of allocating and freeing pids.

mod first;
mod levels;
mod order;
mod search;
mod set_tid;
