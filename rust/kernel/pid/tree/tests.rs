// SPDX-License-Identifier: GPL-2.0

//! Tests of the tree. What its numbers lead to are addresses that nobody looks at.

use super::*;
use crate::{
    pid_namespace::PidNamespace,
    prelude::*, //
};
use core::{
    num::NonZero,
    ops::Range, //
};

/// The limit of all numbers.
const LIMIT: u32 = PidNamespace::NUMBER_LIMIT as u32;

/// A tree of its own, and memory for it.
struct TestTree {
    tree: Tree,
    spares: Spares,
}

impl TestTree {
    fn new() -> Self {
        Self {
            tree: Tree::new(),
            spares: Spares::new(),
        }
    }

    /// Does as a namespace does: whenever nodes are missing they are allocated.
    fn with_nodes<R>(
        &mut self,
        take: impl Fn(&mut Writer<'_>, &mut Spares) -> Result<R, NotTaken>,
    ) -> Result<R> {
        loop {
            // SAFETY: Nobody else knows the tree.
            let mut writer = unsafe { self.tree.writer() };
            match take(&mut writer, &mut self.spares) {
                Ok(taken) => return Ok(taken),
                Err(NotTaken::Used) => return Err(ENOSPC),
                Err(NotTaken::Needs(count)) => self.spares.fill(count)?,
            }
        }
    }

    fn reader(&self) -> Reader<'_> {
        // SAFETY: Nobody else knows the tree, and it is borrowed.
        unsafe { self.tree.reader() }
    }

    fn take(&mut self, nr: u32) -> Result {
        self.with_nodes(|writer, spares| writer.take(nr, spares))
    }

    fn take_next(&mut self, range: Range<u32>) -> Result<u32> {
        self.with_nodes(|writer, spares| writer.take_next(range.start, range.end, spares))
    }

    fn give_back(&mut self, nr: u32) {
        // SAFETY: Nobody else knows the tree, and what its numbers lead to is nothing.
        unsafe { self.tree.writer().give_back(nr) };
    }

    /// Lets `nr` lead to an address that is told from others by the number.
    fn publish(&mut self, nr: u32) {
        // SAFETY: As above.
        unsafe { self.tree.publish(nr, address(nr)) };
    }

    fn add(&mut self, nr: u32) -> Result {
        self.take(nr)?;
        self.publish(nr);
        Ok(())
    }

    fn finds(&self, nr: u32) -> bool {
        self.reader().find(nr) == Some(address(nr))
    }

    /// Returns how many nodes there are.
    fn nodes(&self) -> usize {
        fn count(reader: Reader<'_>, node: &Node) -> usize {
            let children = (0..SLOTS as u32).filter_map(|index| reader.child(node, index));
            1 + if node.is_leaf() {
                0
            } else {
                children.map(|child| count(reader, child)).sum()
            }
        }
        let reader = self.reader();
        reader.root().map_or(0, |root| count(reader, root))
    }
}

impl Drop for TestTree {
    fn drop(&mut self) {
        // SAFETY: Nobody else knows the tree.
        unsafe { self.tree.writer() }.clear();
    }
}

fn address(nr: u32) -> NonNull<bindings::pid> {
    NonNull::dangling().with_addr(NonZero::<usize>::MIN.saturating_add(nr as usize))
}

#[kunit_tests(rust_pid_tree)]
mod cases {
    use super::*;

    #[test]
    fn nothing_is_in_a_new_one() {
        let tree = TestTree::new();
        assert!([0, 1, 63, 64, LIMIT, u32::MAX]
            .iter()
            .all(|&nr| tree.reader().find(nr).is_none()));
        assert!(tree.reader().find_from(0).is_none());
        assert_eq!(tree.nodes(), 0);
    }

    #[test]
    fn a_number_leads_to_nothing_before_it_is_published() -> Result {
        let mut tree = TestTree::new();
        tree.take(1)?;
        assert!(tree.reader().find(1).is_none());
        assert!(tree.reader().find_from(0).is_none());
        assert_eq!(tree.take(1), Err(ENOSPC));

        tree.publish(1);
        assert!(tree.finds(1));
        assert_eq!(tree.reader().find_from(0), Some((1, address(1))));
        Ok(())
    }

    #[test]
    fn numbers_of_all_sizes_are_told_apart() -> Result {
        let all = [1, 63, 64, 65, 4095, 4096, 262_143, 262_144, LIMIT - 1];
        // The tree grows upwards, downwards, or has a root for the largest from the start.
        for reverse in [false, true] {
            let mut tree = TestTree::new();
            for index in 0..all.len() {
                tree.add(
                    all[if reverse {
                        all.len() - 1 - index
                    } else {
                        index
                    }],
                )?;
            }
            assert!(all.iter().all(|&nr| tree.finds(nr)));
            assert!([0, 2, 62, 66, 4094, 262_145, LIMIT]
                .iter()
                .all(|&nr| !tree.finds(nr)));

            let (mut nr, mut found) = (0, 0);
            while let Some((at, pid)) = tree.reader().find_from(nr) {
                assert_eq!((at, pid), (all[found], address(at)));
                (nr, found) = (at + 1, found + 1);
            }
            assert_eq!(found, all.len());

            all.iter().for_each(|&nr| tree.give_back(nr));
            assert!(tree.reader().find_from(0).is_none());
        }
        Ok(())
    }

    #[test]
    fn the_next_one_follows_and_wraps() -> Result {
        let mut tree = TestTree::new();
        for nr in 1..200 {
            assert_eq!(tree.take_next(1..200), Ok(nr));
        }
        assert_eq!(tree.take_next(1..200), Err(ENOSPC));
        // The cursor is at the end; only what is in the range is found.
        tree.give_back(5);
        tree.give_back(150);
        assert_eq!(tree.take_next(10..200), Ok(150));
        assert_eq!(tree.take_next(10..200), Err(ENOSPC));
        assert_eq!(tree.take_next(1..200), Ok(5));
        assert_eq!(tree.tree.cursor(), 6);
        Ok(())
    }

    #[test]
    fn full_parts_are_passed_at_once() -> Result {
        let mut tree = TestTree::new();
        for nr in 0..4096 {
            tree.take(nr)?;
        }
        tree.tree.set_cursor(0);
        assert_eq!(tree.take_next(1..LIMIT), Ok(4096));
        // One comes free in the middle, and is full again after that.
        tree.give_back(2000);
        tree.tree.set_cursor(7);
        assert_eq!(tree.take_next(1..LIMIT), Ok(2000));
        tree.tree.set_cursor(7);
        assert_eq!(tree.take_next(1..LIMIT), Ok(4097));
        assert_eq!(tree.take_next(1..4096), Err(ENOSPC));
        Ok(())
    }

    #[test]
    fn a_full_root_stays_full_below_a_new_one() -> Result {
        let mut tree = TestTree::new();
        for nr in 0..64 {
            tree.take(nr)?;
        }
        tree.take(64)?;
        tree.tree.set_cursor(0);
        assert_eq!(tree.take_next(0..LIMIT), Ok(65));
        Ok(())
    }

    #[test]
    fn the_leaf_of_the_last_number_is_kept() -> Result {
        let mut tree = TestTree::new();
        assert_eq!(tree.take_next(1..LIMIT), Ok(1));
        tree.give_back(1);
        assert_eq!(tree.nodes(), 1);
        // The next ones need no other node, one that is far away and then empty goes.
        for nr in 2..64 {
            assert_eq!(tree.take_next(1..LIMIT), Ok(nr));
            tree.give_back(nr);
            assert_eq!(tree.nodes(), 1);
        }
        tree.take(100_000)?;
        assert_eq!(tree.nodes(), 1 + 2 + 2);
        tree.give_back(100_000);
        assert_eq!(tree.nodes(), 3);
        Ok(())
    }

    #[test]
    fn a_leaf_goes_when_it_is_empty_and_the_search_has_passed() -> Result {
        let mut tree = TestTree::new();
        for _ in 0..10_000 {
            let nr = tree.take_next(300..32768)?;
            tree.give_back(nr);
        }
        // The root, one below, and the leaf.
        assert_eq!(tree.nodes(), 3);
        // The cursor is moved, and moved again.
        for nr in [20_000, 5_000, 30_000, 300] {
            tree.tree.set_cursor(nr);
            assert_eq!(tree.take_next(300..32768), Ok(nr));
            tree.give_back(nr);
            assert_eq!(tree.nodes(), 3);
        }
        Ok(())
    }

    #[test]
    fn what_is_passed_stays_as_long_as_it_is_used() -> Result {
        let mut tree = TestTree::new();
        tree.add(1)?;
        tree.tree.set_cursor(64);
        assert_eq!(tree.take_next(1..LIMIT), Ok(64));
        assert_eq!(tree.nodes(), 3);
        assert!(tree.finds(1));
        tree.give_back(1);
        assert_eq!(tree.nodes(), 2);
        tree.give_back(64);
        assert_eq!(tree.nodes(), 2);
        Ok(())
    }

    #[test]
    fn nothing_changes_while_nodes_are_missing() -> Result {
        let tree = Tree::new();
        let mut none = Spares::new();
        // SAFETY: Nobody else knows the tree.
        let (mut writer, reader) = unsafe { (tree.writer(), tree.reader()) };
        assert_eq!(writer.take(1, &mut none), Err(NotTaken::Needs(1)));
        assert_eq!(writer.take(64, &mut none), Err(NotTaken::Needs(2)));
        assert_eq!(writer.take(LIMIT - 1, &mut none), Err(NotTaken::Needs(4)));
        assert_eq!(
            writer.take_next(300, LIMIT, &mut none),
            Err(NotTaken::Needs(2))
        );
        assert_eq!(tree.cursor(), 0);
        assert!(reader.root().is_none());
        Ok(())
    }

    #[test]
    fn as_many_are_asked_for_as_are_needed() -> Result {
        for (first, then) in [(1, 2), (1, 64), (1, LIMIT - 1), (64, 4096), (LIMIT - 1, 1)] {
            let mut tree = TestTree::new();
            tree.take(first)?;
            tree.take(then)?;
            assert_eq!(tree.spares.len, 0);
        }
        Ok(())
    }
}
