// SPDX-License-Identifier: GPL-2.0

//! Tests of the IDR: each operation is also done on one by `lib/idr.c`, and the two are compared.
//! The entries are addresses that are never dereferenced.

use super::*;

mod pair;

use self::pair::{
    Pair,
    EDGES,
    LIMIT, //
};

/// Pseudorandom numbers, the same ones each time.
struct Random(u32);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Returns the allocated number, or [`None`] if the IDR is full.
fn full_or<T>(done: Result<T>) -> Result<Option<T>> {
    match done {
        Err(ENOSPC) => Ok(None),
        done => done.map(Some),
    }
}

#[kunit_tests(pidns_raw_idr)]
mod cases {
    use super::*;

    #[test]
    fn new_idr_is_empty() -> Result {
        let mut pair = Pair::new()?;
        pair.check()?;
        assert_eq!(pair.alloc_cyclic(1..1), Err(ENOSPC));
        assert_eq!(pair.nodes(), 0);
        pair.check()
    }

    #[test]
    fn random_ops_match_c() -> Result {
        let mut pair = Pair::new()?;
        let mut random = Random(0x1905);
        let ends = [40, 70, 140, 310, 4100, 4200, 262_150, LIMIT];
        let mut pid_max = LIMIT;
        for round in 0..3000 {
            // Alternates between growing and shrinking.
            let (grow, full) = (round / 150 % 2 == 0, pair.model.len() > 300);
            let op = random.below(16);
            let free = full || op < if grow { 4 } else { 11 };
            match op {
                _ if free && !pair.model.is_empty() => {
                    let at = random.below(pair.model.len());
                    let nr = pair.model[at].0;
                    pair.remove(nr)?;
                }
                12 => {
                    // An exact number, which is often in use.
                    let nr = random.of(&EDGES) + random.below(3) as i32;
                    full_or(pair.alloc(nr.min(LIMIT - 1)))?;
                }
                13 => pid_max = random.of(&ends),
                14 => pair.set_cursor(random.below(pid_max as usize + 2) as u32),
                15 => {
                    // Reserved and removed.
                    if let Some(nr) = full_or(pair.alloc_cyclic(1..pid_max))? {
                        pair.check()?;
                        pair.remove(nr)?;
                    }
                }
                _ => {
                    let start = random.of(&[1, 1, 300]);
                    if let Some(nr) = full_or(pair.alloc_cyclic(start..pid_max))? {
                        if random.below(8) != 0 {
                            pair.publish(nr);
                        }
                    }
                }
            }
            pair.check()?;
        }
        while let Some(&(nr, _)) = pair.model.first() {
            pair.remove(nr)?;
            pair.check()?;
        }
        assert_eq!(pair.nodes(), 0);
        Ok(())
    }

    #[test]
    fn reserved_number_is_not_found() -> Result {
        let mut pair = Pair::new()?;
        pair.alloc(1)?;
        pair.check()?;
        assert_eq!(pair.alloc(1), Err(ENOSPC));

        pair.publish(1);
        pair.check()
    }

    #[test]
    fn numbers_of_all_sizes() -> Result {
        // Ascending, or descending with a root for the largest from the start.
        for reverse in [false, true] {
            let mut pair = Pair::new()?;
            let mut edges = EDGES;
            if reverse {
                edges.reverse();
            }
            for nr in edges {
                pair.add(nr)?;
                pair.check()?;
            }
            for nr in EDGES {
                pair.remove(nr)?;
                pair.check()?;
            }
            assert_eq!(pair.nodes(), 0);
        }
        Ok(())
    }

    #[test]
    fn cyclic_wraps() -> Result {
        let mut pair = Pair::new()?;
        for nr in 1..200 {
            assert_eq!(pair.alloc_cyclic(1..200), Ok(nr));
        }
        assert_eq!(pair.alloc_cyclic(1..200), Err(ENOSPC));
        // With the cursor at the end, only a number in the range is found.
        pair.remove(5)?;
        pair.remove(150)?;
        assert_eq!(pair.alloc_cyclic(10..200), Ok(150));
        assert_eq!(pair.alloc_cyclic(10..200), Err(ENOSPC));
        assert_eq!(pair.alloc_cyclic(1..200), Ok(5));
        pair.check()
    }

    #[test]
    fn full_nodes_are_skipped() -> Result {
        let mut pair = Pair::new()?;
        for _ in 1..4096 {
            pair.alloc_cyclic(1..LIMIT)?;
        }
        pair.set_cursor(0);
        assert_eq!(pair.alloc_cyclic(1..LIMIT), Ok(4096));
        pair.check_nodes()?;
        // One in the middle is freed, and allocated again.
        pair.remove(2000)?;
        pair.check_nodes()?;
        pair.set_cursor(7);
        assert_eq!(pair.alloc_cyclic(1..LIMIT), Ok(2000));
        pair.set_cursor(7);
        assert_eq!(pair.alloc_cyclic(1..LIMIT), Ok(4097));
        assert_eq!(pair.alloc_cyclic(1..4096), Err(ENOSPC));
        pair.check_nodes()
    }

    #[test]
    fn leaf_before_cursor_is_kept() -> Result {
        let mut pair = Pair::new()?;
        pair.add(1)?;
        pair.set_cursor(128);
        assert_eq!(pair.alloc_cyclic(1..LIMIT), Ok(128));
        pair.remove(128)?;
        // The next ones need no other node. A distant leaf is freed when it is empty.
        let nodes = pair.nodes();
        for nr in 129..128 + SLOTS as i32 {
            assert_eq!(pair.alloc_cyclic(1..LIMIT), Ok(nr));
            pair.remove(nr)?;
            assert_eq!(pair.nodes(), nodes);
        }
        pair.add(100_000)?;
        assert!(pair.nodes() > nodes + 1);
        pair.remove(100_000)?;
        assert_eq!(pair.nodes(), nodes);
        pair.check()
    }

    #[test]
    fn kept_leaf_freed_when_cursor_moves() -> Result {
        let mut pair = Pair::new()?;
        pair.add(1)?;
        for _ in 0..10_000 {
            let nr = pair.alloc_cyclic(300..32768)?;
            pair.remove(nr)?;
        }
        let nodes = pair.nodes();
        for nr in [20_000, 5_000, 30_000] {
            pair.set_cursor(nr as u32);
            assert_eq!(pair.alloc_cyclic(300..32768), Ok(nr));
            pair.remove(nr)?;
            assert_eq!(pair.nodes(), nodes);
            pair.check()?;
        }
        pair.set_cursor(0);
        assert_eq!(pair.nodes(), 1);
        pair.check()
    }

    #[test]
    fn kept_leaf_freed_with_last_number() -> Result {
        // The last number is in the kept leaf, or in another one.
        for (nr, other) in [(1, 1), (1, 5000), (5000, 1)] {
            let mut pair = Pair::new()?;
            pair.set_cursor(nr);
            assert_eq!(pair.alloc_cyclic(1..LIMIT), Ok(nr as i32));
            if other != nr {
                pair.alloc(other as i32)?;
            }
            pair.remove(nr as i32)?;
            pair.check()?;
            if other != nr {
                assert!(pair.nodes() > 1);
                pair.remove(other as i32)?;
            }
            assert_eq!(pair.nodes(), 0);
            pair.check()?;
        }
        Ok(())
    }
}
