// SPDX-License-Identifier: GPL-2.0

//! Memory, atomics and RCU as loom sees them.
//!
//! C's structures have their real layout. What is read and written in one piece is a *word*: its
//! value is in an atomic of loom's, found by the address. All else is plain memory that is only
//! used with the lock held, or never changes.
//!
//! Each *block* of memory (a node, a pid) has a cell that its allocation and its end write, and
//! each access reads. So loom reports a reader that finds a block whose initialisation does not
//! happen before, and an end that does not happen after all accesses.
//!
//! A grace period ends as early as it may: when all sections end that had begun at `call_rcu()`, or
//! at once. A section that begins later sees what was written before `call_rcu()`, as RCU
//! promises. Memory is not used again.

use loom::{cell::UnsafeCell, sync::atomic::AtomicUsize};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

#[derive(Default)]
struct Memory {
    words: HashMap<usize, Rc<AtomicUsize>>,
    blocks: BTreeMap<usize, Rc<Block>>,
    rcu: Option<Rc<AtomicUsize>>,
    /// Sections that have begun and not ended.
    readers: Vec<usize>,
    sections: usize,
    /// What ends when these sections have.
    callbacks: Vec<(Vec<usize>, usize)>,
}

struct Block {
    size: usize,
    cell: UnsafeCell<()>,
    // Frees the real memory.
    drop: Box<dyn Fn()>,
}

impl Drop for Block {
    fn drop(&mut self) {
        (self.drop)();
    }
}

thread_local! {
    // loom runs all threads of a model in one.
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// What is called must not be able to switch threads.
fn with<T>(call: impl FnOnce(&mut Memory) -> T) -> T {
    MEMORY.with_borrow_mut(call)
}

/// Begins an execution.
pub fn reset() {
    let rcu = Some(Rc::new(AtomicUsize::new(0)));
    MEMORY.replace(Memory {
        rcu,
        ..Memory::default()
    });
}

/// Allocates a block; `words` are the addresses of its words, relative to the beginning.
pub fn alloc<T: 'static>(value: T, words: impl IntoIterator<Item = (usize, usize)>) -> *mut T {
    let pointer = Box::into_raw(Box::new(value));
    let address = pointer as usize;
    let block = Block {
        size: size_of::<T>(),
        cell: UnsafeCell::new(()),
        // SAFETY: The pointer comes from a box.
        drop: Box::new(move || drop(unsafe { Box::from_raw(address as *mut T) })),
    };
    block.cell.with_mut(|_| ());
    for (offset, value) in words {
        let word = Rc::new(AtomicUsize::new(value));
        with(|memory| memory.words.insert(address + offset, word));
    }
    with(|memory| memory.blocks.insert(address, Rc::new(block)));
    pointer
}

/// An access to the block at `address`.
pub fn access(address: usize) {
    let block = with(|memory| {
        let (start, block) = memory.blocks.range(..=address).next_back()?;
        (address - start < block.size).then(|| block.clone())
    });
    block.expect("access to no memory").cell.with(|_| ());
}

fn word(address: usize) -> Rc<AtomicUsize> {
    access(address);
    with(|memory| memory.words.get(&address).expect("no word").clone())
}

/// The block ends: its memory would be used for something else.
pub fn free(address: usize) {
    let block = with(|memory| memory.blocks.get(&address).expect("no block").clone());
    block.cell.with_mut(|_| ());
}

fn rcu() -> Rc<AtomicUsize> {
    with(|memory| memory.rcu.clone().expect("reset() was called"))
}

/// Ends what waits for no section any more.
fn run_callbacks() {
    let due: Vec<usize> = with(|memory| {
        let Memory {
            callbacks, readers, ..
        } = memory;
        let (wait, due) = std::mem::take(callbacks)
            .into_iter()
            .partition(|(sections, _)| sections.iter().any(|one| readers.contains(one)));
        *callbacks = wait;
        due.into_iter().map(|(_, address)| address).collect()
    });
    due.into_iter().for_each(free);
}

/// Frees the block at `address` after a grace period.
pub fn call_rcu(address: usize) {
    // Orders it against the beginning and the end of sections.
    rcu().fetch_add(1, loom::sync::atomic::Ordering::AcqRel);
    with(|memory| memory.callbacks.push((memory.readers.clone(), address)));
    run_callbacks();
}

/// A read-side section.
pub struct RcuGuard(usize);

pub fn rcu_read_lock() -> RcuGuard {
    rcu().fetch_add(1, loom::sync::atomic::Ordering::AcqRel);
    RcuGuard(with(|memory| {
        memory.sections += 1;
        memory.readers.push(memory.sections);
        memory.sections
    }))
}

impl RcuGuard {
    /// Ends the section.
    pub fn leave(&self) {
        rcu().fetch_add(1, loom::sync::atomic::Ordering::AcqRel);
        with(|memory| memory.readers.retain(|one| *one != self.0));
        run_callbacks();
    }
}

impl Drop for RcuGuard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.leave();
        }
    }
}

/// A field that is written before its block is published, and never again.
#[derive(Clone, Copy)]
pub struct Constant<T> {
    pub value: T,
    pub block: usize,
}

impl<T: Into<u32>> From<Constant<T>> for u32 {
    fn from(constant: Constant<T>) -> u32 {
        access(constant.block);
        constant.value.into()
    }
}

/// `kernel::sync::atomic`.
pub mod atomic {
    use super::word;
    use crate::ffi::c_void;
    use core::cell::UnsafeCell;
    use loom::sync::atomic::Ordering;

    pub struct Relaxed;
    pub struct Release;

    pub trait Order {
        const ORDER: Ordering;
    }

    impl Order for Relaxed {
        const ORDER: Ordering = Ordering::Relaxed;
    }

    impl Order for Release {
        const ORDER: Ordering = Ordering::Release;
    }

    pub trait Word {
        /// How a relaxed load is modelled. What is read through a pointer depends on it, which loom
        /// does not know: there it is an acquire.
        const LOAD: Ordering;
        fn to_usize(self) -> usize;
        fn from_usize(value: usize) -> Self;
    }

    impl Word for usize {
        const LOAD: Ordering = Ordering::Relaxed;
        fn to_usize(self) -> usize {
            self
        }
        fn from_usize(value: usize) -> Self {
            value
        }
    }

    impl Word for u32 {
        const LOAD: Ordering = Ordering::Relaxed;
        fn to_usize(self) -> usize {
            self as usize
        }
        fn from_usize(value: usize) -> Self {
            value as u32
        }
    }

    impl Word for *mut c_void {
        const LOAD: Ordering = Ordering::Acquire;
        fn to_usize(self) -> usize {
            self as usize
        }
        fn from_usize(value: usize) -> Self {
            value as *mut c_void
        }
    }

    #[repr(transparent)]
    pub struct Atomic<T>(UnsafeCell<T>);

    impl<T: Word> Atomic<T> {
        /// # Safety
        ///
        /// The memory must be valid for `'a`.
        pub unsafe fn from_ptr<'a>(pointer: *mut T) -> &'a Self {
            // SAFETY: The caller promises it, and the type is transparent.
            unsafe { &*pointer.cast() }
        }

        fn address(&self) -> usize {
            self.0.get() as usize
        }

        pub fn load(&self, _: Relaxed) -> T {
            T::from_usize(word(self.address()).load(T::LOAD))
        }

        pub fn store<O: Order>(&self, value: T, _: O) {
            word(self.address()).store(value.to_usize(), O::ORDER);
        }
    }
}
