// SPDX-License-Identifier: GPL-2.0

//! Slab caches for objects of one type.
//!
//! C header: [`include/linux/slab.h`](srctree/include/linux/slab.h)

use crate::{
    alloc::{
        AllocError,
        Flags, //
    },
    bindings,
    prelude::*,
    sync::SetOnce, //
};
use core::{
    marker::PhantomData,
    mem::{
        align_of,
        size_of,
        ManuallyDrop, //
    },
    ops::Deref,
    ptr::NonNull,
};

/// Properties of a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlabFlags(bindings::slab_flags_t);

impl SlabFlags {
    /// Objects are charged to the memory cgroup of the allocating task.
    pub const ACCOUNT: Self = Self(bindings::SLAB_ACCOUNT);

    /// Failing to create the cache panics.
    pub const PANIC: Self = Self(bindings::SLAB_PANIC);

    /// Objects are aligned to cache lines, as far as their size makes that sensible.
    pub const HWCACHE_ALIGN: Self = Self(bindings::SLAB_HWCACHE_ALIGN);

    /// Returns the flags as C has them.
    pub fn as_raw(self) -> bindings::slab_flags_t {
        self.0
    }
}

impl core::ops::BitOr for SlabFlags {
    type Output = Self;

    fn bitor(self, rhs: Self) -> Self {
        Self(self.0 | rhs.0)
    }
}

/// A slab cache of `T`, for built-in code: created once and never destroyed.
///
/// # Invariants
///
/// The pointer, once set, is a valid cache of objects with the size and alignment of `T`.
pub struct SlabCache<T> {
    cache: SetOnce<CachePtr>,
    _objects: PhantomData<fn() -> T>,
}

/// The address of a cache.
#[derive(Clone, Copy)]
struct CachePtr(NonNull<bindings::kmem_cache>);

// SAFETY: All operations on a cache may be called from any thread.
unsafe impl Send for CachePtr {}

// SAFETY: All operations on a cache may be called from several threads at once.
unsafe impl Sync for CachePtr {}

/// The type of `kmem_cache_alloc()`.
pub type AllocFn = unsafe extern "C" fn(*mut bindings::kmem_cache, bindings::gfp_t) -> *mut c_void;

/// A type with a slab cache of its own.
///
/// # Safety
///
/// * Every call of [`Self::cache`] must return the same cache.
/// * [`Self::ALLOC`] must do what `kmem_cache_alloc()` does.
pub unsafe trait SlabObject: Sized + 'static {
    /// The C function that allocates an object.
    ///
    /// `/proc/allocinfo` charges memory to the line of C that calls `kmem_cache_alloc()`. A type
    /// that should have a line of its own there needs a function of its own.
    const ALLOC: AllocFn = bindings::kmem_cache_alloc;

    /// Returns the cache.
    fn cache() -> &'static SlabCache<Self>;
}

impl<T> SlabCache<T> {
    /// Returns a cache that is not created yet, for use in a `static`.
    pub const fn new() -> Self {
        // INVARIANT: The pointer is not set.
        Self {
            cache: SetOnce::new(),
            _objects: PhantomData,
        }
    }

    /// Creates the cache, shown as `name` in `/proc/slabinfo`.
    ///
    /// Returns `ENOMEM`, and `EEXIST` if it has been created already. May sleep.
    #[doc(alias = "kmem_cache_create")]
    pub fn create(&self, name: &CStr, flags: SlabFlags) -> Result {
        const {
            assert!(size_of::<T>() <= u32::MAX as usize);
            assert!(align_of::<T>() <= u32::MAX as usize);
        }
        if self.cache.as_ref().is_some() {
            return Err(EEXIST);
        }
        let mut args = bindings::kmem_cache_args {
            align: align_of::<T>() as u32,
            ..Default::default()
        };
        // SAFETY: The name is a valid string, of which the function makes a copy, and `args` is
        // valid for the call.
        let cache = unsafe {
            bindings::__kmem_cache_create_args(
                name.as_char_ptr(),
                size_of::<T>() as u32,
                &raw mut args,
                flags.0,
            )
        };
        let cache = NonNull::new(cache).ok_or(ENOMEM)?;
        // INVARIANT: The cache was created with size and alignment of `T`.
        if self.cache.populate(CachePtr(cache)) {
            Ok(())
        } else {
            // SAFETY: Another caller was faster. Nobody uses this cache.
            unsafe { bindings::kmem_cache_destroy(cache.as_ptr()) };
            Err(EEXIST)
        }
    }

    /// Allocates uninitialised memory for one object.
    fn alloc(&self, flags: bindings::gfp_t) -> Result<NonNull<T>, AllocError>
    where
        T: SlabObject,
    {
        let cache = self.cache.copy().ok_or(AllocError)?;
        // SAFETY: By the type invariants the cache is valid.
        let object = unsafe { T::ALLOC(cache.0.as_ptr(), flags) };
        NonNull::new(object.cast()).ok_or(AllocError)
    }

    /// Frees the memory of one object.
    ///
    /// # Safety
    ///
    /// `object` must come from [`Self::alloc`] of this cache and not be used any more.
    unsafe fn free(&self, object: NonNull<T>) {
        if let Some(cache) = self.cache.copy() {
            // SAFETY: The caller promises that the object is from this cache.
            unsafe { bindings::kmem_cache_free(cache.0.as_ptr(), object.as_ptr().cast()) };
        }
    }
}

impl<T> Default for SlabCache<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Uninitialised memory for an object.
///
/// Dropping it frees the memory.
///
/// # Invariants
///
/// The pointer is memory from `T::cache()`, valid for writes of a `T`, and owned.
pub struct SlabSlot<T: SlabObject>(NonNull<T>);

impl<T: SlabObject> SlabSlot<T> {
    /// Allocates memory for one object. `flags` says whether it may sleep.
    #[doc(alias = "kmem_cache_alloc")]
    pub fn new(flags: Flags) -> Result<Self, AllocError> {
        // INVARIANT: The cache has the size and alignment of `T`, and the memory is new.
        T::cache().alloc(flags.as_raw()).map(Self)
    }

    /// Gives up ownership.
    #[inline]
    pub fn into_raw(self) -> NonNull<T> {
        ManuallyDrop::new(self).0
    }

    /// Takes ownership.
    ///
    /// # Safety
    ///
    /// `memory` must come from the cache of `T`, have no object in it, and not be used by anybody
    /// else.
    #[inline]
    pub unsafe fn from_raw(memory: NonNull<T>) -> Self {
        // INVARIANT: The caller promises it, and the cache has memory for a `T`.
        Self(memory)
    }

    /// Returns the address of the memory.
    #[inline]
    pub fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Initialises the object in place.
    ///
    /// On failure the memory is freed.
    pub fn init<E>(self, init: impl Init<T, E>) -> Result<SlabBox<T>, E> {
        // SAFETY: By the type invariants the memory is valid for writes of a `T`.
        unsafe { init.__init(self.0.as_ptr())? };
        // KMSAN does not see what Rust writes. This also hides padding.
        #[cfg(CONFIG_KMSAN)]
        // SAFETY: By the type invariants the memory is that large.
        unsafe {
            bindings::kmsan_unpoison_memory(self.0.as_ptr().cast(), size_of::<T>());
        }
        // INVARIANT: The object is initialised now.
        Ok(SlabBox(ManuallyDrop::new(self).0))
    }
}

impl<T: SlabObject> Drop for SlabSlot<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the memory is owned and comes from this cache.
        unsafe { T::cache().free(self.0) };
    }
}

/// An owned object in the slab cache of its type.
///
/// # Invariants
///
/// The pointer is an owned, valid object in memory from `T::cache()`.
///
/// # Examples
///
/// ```
/// use kernel::slab::{
///     SlabBox,
///     SlabCache,
///     SlabFlags,
///     SlabObject,
///     SlabSlot, //
/// };
///
/// struct Point {
///     x: i32,
///     y: i32,
/// }
///
/// static POINTS: SlabCache<Point> = SlabCache::new();
///
/// // SAFETY: There is one cache, and the default function allocates.
/// unsafe impl SlabObject for Point {
///     fn cache() -> &'static SlabCache<Self> {
///         &POINTS
///     }
/// }
///
/// assert!(SlabSlot::<Point>::new(GFP_KERNEL).is_err());
/// POINTS.create(c"rust_doctest_point", SlabFlags::default())?;
///
/// let slot = SlabSlot::<Point>::new(GFP_KERNEL)?;
/// let point: SlabBox<Point> = slot.init(init!(Point { x: 1, y: 2 }? Error))?;
/// assert_eq!(point.x + point.y, 3);
///
/// let raw = point.into_raw();
/// // SAFETY: It was just taken out of its box.
/// drop(unsafe { SlabBox::from_raw(raw) });
/// # Ok::<(), Error>(())
/// ```
pub struct SlabBox<T: SlabObject>(NonNull<T>);

// SAFETY: The box owns its object.
unsafe impl<T: SlabObject + Send> Send for SlabBox<T> {}

// SAFETY: Sharing the box shares its object.
unsafe impl<T: SlabObject + Sync> Sync for SlabBox<T> {}

impl<T: SlabObject> SlabBox<T> {
    /// Gives up ownership.
    #[inline]
    pub fn into_raw(self) -> NonNull<T> {
        ManuallyDrop::new(self).0
    }

    /// Takes ownership.
    ///
    /// # Safety
    ///
    /// `object` must come from [`Self::into_raw`], and nobody else may use it any more.
    #[inline]
    pub unsafe fn from_raw(object: NonNull<T>) -> Self {
        // INVARIANT: The caller promises that this was a box, and is owned.
        Self(object)
    }
}

impl<T: SlabObject> Deref for SlabBox<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: By the type invariants the object is valid.
        unsafe { self.0.as_ref() }
    }
}

impl<T: SlabObject> Drop for SlabBox<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the object is valid, owned, and in this cache.
        unsafe {
            core::ptr::drop_in_place(self.0.as_ptr());
            T::cache().free(self.0);
        }
    }
}
