// SPDX-License-Identifier: GPL-2.0

//! Which error it is if there are several.
//!
//! What is wrong with the numbers wanted comes first, level by level from the inside out; then what
//! a level cannot give, in the same order; that a namespace is dying comes last.

use crate::{
    allocator,
    raw::{
        limits::set_pid_max,
        numbers::LockedNumbers, //
    },
    testing::{
        as_some_user,
        child,
        refusal,
        Inhabited, //
    },
};
use kernel::{
    pid_namespace::PidNamespace,
    prelude::*, //
};

/// Returns two namespaces, of which the outer one has no number left.
fn full_outside() -> Result<Inhabited> {
    let chain = Inhabited::new(2)?;
    set_pid_max(chain.at(1)?, 2);
    Ok(chain)
}

/// Returns two namespaces, of which the inner one has no number left.
fn full_inside() -> Result<Inhabited> {
    let chain = Inhabited::new(2)?;
    set_pid_max(&chain, 2);
    Ok(chain)
}

#[kunit_tests(pidns_alloc_order)]
mod tests {
    use super::*;

    #[test]
    fn too_many_come_before_the_lack_of_rights() -> Result {
        let chain = Inhabited::new(1)?;
        let refused = as_some_user(false, || refusal(&chain, &[7, 8, 9]))?;

        assert_eq!(refused, Some(EINVAL));
        Ok(())
    }

    #[test]
    fn range_comes_before_rights_at_one_level() -> Result {
        let chain = Inhabited::new(2)?;

        assert_eq!(
            as_some_user(false, || refusal(&chain, &[0, 8]))?,
            Some(EINVAL)
        );
        Ok(())
    }

    #[test]
    fn rights_inside_come_before_the_range_outside() -> Result {
        let chain = Inhabited::new(2)?;

        assert_eq!(
            as_some_user(false, || refusal(&chain, &[7, 0]))?,
            Some(EPERM)
        );
        assert_eq!(refusal(&chain, &[7, 0]), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn the_range_outside_comes_before_what_is_taken_inside() -> Result {
        let chain = Inhabited::new(2)?;

        assert_eq!(refusal(&chain, &[1, 0]), Some(EINVAL));
        assert_eq!(refusal(&chain, &[1, 8]), Some(EEXIST));
        Ok(())
    }

    #[test]
    fn taken_inside_comes_before_full_outside() -> Result {
        assert_eq!(refusal(&*full_outside()?, &[1]), Some(EEXIST));
        assert_eq!(refusal(&*full_outside()?, &[7]), Some(EAGAIN));
        Ok(())
    }

    #[test]
    fn full_inside_comes_before_not_first_outside() -> Result {
        let outer = child(PidNamespace::initial())?;
        let inner = child(&outer)?;
        LockedNumbers::lock(&outer).set_cursor(2);
        set_pid_max(&inner, 1);
        assert_eq!(refusal(&inner, &[]), Some(EAGAIN));

        set_pid_max(&inner, 2);
        assert_eq!(refusal(&inner, &[]), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn not_first_inside_comes_before_full_outside() -> Result {
        let outer = Inhabited::new(1)?;
        let inner = child(&outer)?;
        set_pid_max(&outer, 2);

        assert_eq!(refusal(&inner, &[2]), Some(EINVAL));
        assert_eq!(refusal(&inner, &[]), Some(EAGAIN));
        Ok(())
    }

    #[test]
    fn dying_comes_last() -> Result {
        let chain = full_inside()?;
        allocator::disable(chain.at(1)?);
        assert_eq!(refusal(&chain, &[]), Some(EAGAIN));
        assert_eq!(refusal(&chain, &[1]), Some(EEXIST));

        let chain = full_outside()?;
        allocator::disable(&chain);
        assert_eq!(refusal(&chain, &[]), Some(EAGAIN));
        assert_eq!(refusal(&chain, &[7, 0]), Some(EINVAL));

        let chain = Inhabited::new(2)?;
        let inner = child(&chain)?;
        allocator::disable(&chain);
        assert_eq!(refusal(&inner, &[2]), Some(EINVAL));
        assert_eq!(refusal(&inner, &[]), Some(ENOMEM));
        Ok(())
    }
}
