// SPDX-License-Identifier: GPL-2.0

//! What the files under `/proc/PID/ns` ask of a type of namespaces.
//!
//! C header: [`include/linux/proc_ns.h`](srctree/include/linux/proc_ns.h)

use super::{
    Namespace,
    NsCommon,
    UserNamespace, //
};
use crate::{
    bindings,
    current,
    error::from_result,
    nsproxy::NsSetMut,
    prelude::*,
    str::as_char_ptr_in_const_context,
    sync::aref::ARef,
    task::{
        CurrentTask,
        Task, //
    }, //
};
use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};

/// A type of namespaces that can be found by the part that it has in common with the others.
///
/// # Safety
///
/// The type must be a transparent wrapper of a C structure that has its `struct ns_common` at
/// [`Self::OFFSET`], which is what [`Namespace::common`] returns.
pub unsafe trait FromCommon: Namespace {
    /// Where the common part is, in bytes.
    const OFFSET: usize;
}

/// How one of the files under `/proc/PID/ns` reaches its namespaces.
pub trait NsOperations: 'static {
    /// The type of the namespaces.
    type Ns: FromCommon;

    /// The name of the file.
    const NAME: &'static CStr;

    /// The name of the type, if the file is called differently.
    const TYPE_NAME: Option<&'static CStr> = None;

    /// Returns the namespace of `task` that the file stands for, or [`None`] if the task has none
    /// any more.
    fn get(task: &Task) -> Option<ARef<Self::Ns>>;

    /// Puts `ns` into `set` if the current task may join it.
    ///
    /// The error is what `setns(2)` returns.
    fn install(current: &CurrentTask, set: &mut NsSetMut<'_>, ns: &Self::Ns) -> Result;

    /// Returns the user namespace that owns `ns`.
    fn owner(ns: &Self::Ns) -> &UserNamespace;

    /// Returns the parent of `ns` if the current task may know it.
    ///
    /// The error is what the ioctl `NS_GET_PARENT` returns.
    fn parent(current: &CurrentTask, ns: &Self::Ns) -> Result<ARef<Self::Ns>>;
}

/// Wraps the kernel's `struct proc_ns_operations`: the C face of [`NsOperations`].
///
/// # Invariants
///
/// All functions are those of one type with [`NsOperations`].
#[repr(transparent)]
pub struct NsOperationsTable(bindings::proc_ns_operations);

// SAFETY: Nothing in the table changes, and its functions may be called from any thread.
unsafe impl Sync for NsOperationsTable {}

impl NsOperationsTable {
    /// Makes the table of `T`, for use in a `static`.
    pub const fn new<T: NsOperations>() -> Self {
        // INVARIANT: All of them are those of `T`.
        Self(bindings::proc_ns_operations {
            name: as_char_ptr_in_const_context(T::NAME),
            real_ns_name: match T::TYPE_NAME {
                Some(name) => as_char_ptr_in_const_context(name),
                None => ptr::null(),
            },
            get: Some(Thunks::<T>::get),
            put: Some(Thunks::<T>::put),
            install: Some(Thunks::<T>::install),
            owner: Some(Thunks::<T>::owner),
            get_parent: Some(Thunks::<T>::get_parent),
        })
    }
}

/// The functions that C calls.
struct Thunks<T>(PhantomData<T>);

impl<T: NsOperations> Thunks<T> {
    /// Returns the namespace that `common` is part of.
    ///
    /// # Safety
    ///
    /// `common` must be part of a namespace of the type `T::Ns`.
    #[inline]
    unsafe fn whole(common: *mut bindings::ns_common) -> NonNull<T::Ns> {
        // SAFETY: The caller promises that it is part of such a namespace, which by the
        // requirements of `FromCommon` begins that many bytes before it.
        unsafe { NonNull::new_unchecked(common.byte_sub(T::Ns::OFFSET).cast()) }
    }

    /// Passes a reference to C.
    #[inline]
    fn into_common(ns: ARef<T::Ns>) -> *mut bindings::ns_common {
        let common: *const NsCommon = ns.common();
        let _ = ARef::into_raw(ns);
        common.cast_mut().cast()
    }

    /// # Safety
    ///
    /// * `task` is valid and stays so during the call.
    unsafe extern "C" fn get(task: *mut bindings::task_struct) -> *mut bindings::ns_common {
        // SAFETY: The caller promises a valid task, and the type is transparent.
        let task = unsafe { &*task.cast::<Task>() };

        T::get(task).map_or(ptr::null_mut(), Self::into_common)
    }

    /// # Safety
    ///
    /// * `common` is part of a namespace of the type `T::Ns`, and a reference to that is given up.
    unsafe extern "C" fn put(common: *mut bindings::ns_common) {
        // SAFETY: The caller promises such a namespace, and passes a reference.
        drop(unsafe { ARef::from_raw(Self::whole(common)) });
    }

    /// # Safety
    ///
    /// * `set` is what `setns(2)` has prepared, as [`NsSetMut`] asks for it.
    /// * `common` is part of a namespace of the type `T::Ns` that stays valid during the call.
    unsafe extern "C" fn install(
        set: *mut bindings::nsset,
        common: *mut bindings::ns_common,
    ) -> c_int {
        // SAFETY: The caller promises such a set.
        let mut set = unsafe { NsSetMut::from_ptr(set) };
        // SAFETY: The caller promises such a namespace.
        let ns = unsafe { Self::whole(common).as_ref() };

        from_result(|| T::install(current!(), &mut set, ns).map(|()| 0))
    }

    /// # Safety
    ///
    /// * `common` is part of a namespace of the type `T::Ns` that stays valid for as long as the
    ///   result is used.
    unsafe extern "C" fn owner(common: *mut bindings::ns_common) -> *mut bindings::user_namespace {
        // SAFETY: The caller promises such a namespace.
        T::owner(unsafe { Self::whole(common).as_ref() }).as_ptr()
    }

    /// # Safety
    ///
    /// * `common` is part of a namespace of the type `T::Ns` that stays valid during the call.
    unsafe extern "C" fn get_parent(common: *mut bindings::ns_common) -> *mut bindings::ns_common {
        // SAFETY: The caller promises such a namespace.
        let ns = unsafe { Self::whole(common).as_ref() };

        match T::parent(current!(), ns) {
            Ok(parent) => Self::into_common(parent),
            Err(err) => err.to_ptr(),
        }
    }
}
