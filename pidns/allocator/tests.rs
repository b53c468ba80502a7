// SPDX-License-Identifier: GPL-2.0

//! Tests of how numbers are given and taken back.

mod closed;
mod first;
mod levels;
mod order;
mod search;
mod wanted;
