// SPDX-License-Identifier: GPL-2.0

//! The order of errors.
//!
//! First errors in `set_tid`, innermost level first; then allocation errors, in the same order; a
//! dead namespace last.

use crate::{
    allocator,
    raw::{
        limits::set_pid_max,
        numbers::LockedNumbers, //
    },
    testing::{
        alloc_error,
        as_test_user,
        child,
        NsChain, //
    },
};
use kernel::{
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// Returns two nested namespaces. The outer one is full.
fn full_outside() -> Result<NsChain> {
    let chain = NsChain::new(2)?;
    set_pid_max(chain.at(1)?, 2);
    Ok(chain)
}

/// Returns two nested namespaces. The inner one is full.
fn full_inside() -> Result<NsChain> {
    let chain = NsChain::new(2)?;
    set_pid_max(&chain, 2);
    Ok(chain)
}

#[kunit_tests(pidns_alloc_order)]
mod tests {
    use super::*;

    #[test]
    fn too_many_before_eperm() -> Result {
        let chain = NsChain::new(1)?;
        let refused = as_test_user(false, || alloc_error(&chain, &[7, 8, 9]))?;

        assert_eq!(refused, Some(EINVAL));
        Ok(())
    }

    #[test]
    fn range_before_eperm() -> Result {
        let chain = NsChain::new(2)?;

        assert_eq!(
            as_test_user(false, || alloc_error(&chain, &[0, 8]))?,
            Some(EINVAL)
        );
        Ok(())
    }

    #[test]
    fn inner_eperm_before_outer_range() -> Result {
        let chain = NsChain::new(2)?;

        assert_eq!(
            as_test_user(false, || alloc_error(&chain, &[7, 0]))?,
            Some(EPERM)
        );
        assert_eq!(alloc_error(&chain, &[7, 0]), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn outer_range_before_inner_eexist() -> Result {
        let chain = NsChain::new(2)?;

        assert_eq!(alloc_error(&chain, &[1, 0]), Some(EINVAL));
        assert_eq!(alloc_error(&chain, &[1, 8]), Some(EEXIST));
        Ok(())
    }

    #[test]
    fn inner_eexist_before_outer_eagain() -> Result {
        assert_eq!(alloc_error(&*full_outside()?, &[1]), Some(EEXIST));
        assert_eq!(alloc_error(&*full_outside()?, &[7]), Some(EAGAIN));
        Ok(())
    }

    #[test]
    fn inner_eagain_before_outer_not_first() -> Result {
        let outer = child(PidNamespace::initial())?;
        let inner = child(&outer)?;
        LockedNumbers::lock(&outer).set_cursor(2);
        set_pid_max(&inner, 1);
        assert_eq!(alloc_error(&inner, &[]), Some(EAGAIN));

        set_pid_max(&inner, 2);
        assert_eq!(alloc_error(&inner, &[]), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn inner_not_first_before_outer_eagain() -> Result {
        let outer = NsChain::new(1)?;
        let inner = child(&outer)?;
        set_pid_max(&outer, 2);

        assert_eq!(alloc_error(&inner, &[2]), Some(EINVAL));
        assert_eq!(alloc_error(&inner, &[]), Some(EAGAIN));
        Ok(())
    }

    #[test]
    fn disabled_comes_last() -> Result {
        let chain = full_inside()?;
        allocator::disable_pid_allocation(chain.at(1)?);
        assert_eq!(alloc_error(&chain, &[]), Some(EAGAIN));
        assert_eq!(alloc_error(&chain, &[1]), Some(EEXIST));

        let chain = full_outside()?;
        allocator::disable_pid_allocation(&chain);
        assert_eq!(alloc_error(&chain, &[]), Some(EAGAIN));
        assert_eq!(alloc_error(&chain, &[7, 0]), Some(EINVAL));

        let chain = NsChain::new(2)?;
        let inner = child(&chain)?;
        allocator::disable_pid_allocation(&chain);
        assert_eq!(alloc_error(&inner, &[2]), Some(EINVAL));
        assert_eq!(alloc_error(&inner, &[]), Some(ENOMEM));
        Ok(())
    }
}
