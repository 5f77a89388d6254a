//! Who may use the control socket.

use core::fmt;

use nix::unistd::{Gid, Uid, User, getgrouplist};

/// Root and the daemon's own user may, and the members of a group if one is named.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Access {
    group: Option<u32>,
}

impl Access {
    /// With the members of this group.
    pub(crate) const fn new(group: Option<u32>) -> Self {
        Self { group }
    }

    /// The group that may, by number.
    pub(crate) const fn group(self) -> Option<u32> {
        self.group
    }

    /// Whether a caller with these credentials may.
    pub(crate) fn allows(self, user: u32, group: u32) -> bool {
        user == 0
            || user == rustix::process::geteuid().as_raw()
            || self
                .group
                .is_some_and(|wanted| wanted == group || is_member(user, group, wanted))
    }
}

/// Whether the system lists a user in a group beside the user's first one.
fn is_member(user: u32, group: u32, wanted: u32) -> bool {
    let Ok(Some(user)) = User::from_uid(Uid::from_raw(user)) else {
        return false;
    };
    std::ffi::CString::new(user.name)
        .ok()
        .and_then(|name| getgrouplist(&name, Gid::from_raw(group)).ok())
        .is_some_and(|groups| groups.contains(&Gid::from_raw(wanted)))
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group {
            None => f.write_str("only the daemon's user and root may use this socket"),
            Some(group) => write!(
                f,
                "only the daemon's user, root and the members of group {group} may use this socket"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_the_daemons_own_user_may_and_others_may_not() {
        let own = rustix::process::geteuid().as_raw();
        let access = Access::default();
        assert!(access.allows(0, 0) && access.allows(own, 12_345));
        assert!(!access.allows(own.wrapping_add(54_321), 54_321));
    }

    #[test]
    fn members_of_the_group_may_by_their_first_group_and_by_the_systems_list() {
        let access = Access::new(Some(54_321));
        assert!(access.allows(54_320, 54_321));
        assert!(!access.allows(54_320, 54_322));
        // on every Debian, the user of number 1 is daemon, in the group of that number
        if User::from_uid(Uid::from_raw(1)).unwrap().is_some() {
            assert!(is_member(1, 1, 1) && !is_member(1, 1, 54_321));
        }
    }
}
