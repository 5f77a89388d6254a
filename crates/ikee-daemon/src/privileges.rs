//! What the process may, and giving up what it no longer needs.

use std::ffi::CString;
use std::io;

use nix::unistd::{Gid, Group, Uid, User, initgroups, setresgid, setresuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_keep_capabilities,
    set_no_new_privs,
};

/// A user that the daemon may become.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Account {
    name: CString,
    user: Uid,
    group: Gid,
}

impl Account {
    /// Looks a user up by name.
    pub(crate) fn find(name: &str) -> io::Result<Self> {
        let user = User::from_name(name)?.ok_or_else(|| nobody("user", name))?;
        Ok(Self {
            name: CString::new(user.name)?,
            user: user.uid,
            group: user.gid,
        })
    }

    /// Its number.
    pub(crate) fn user(&self) -> u32 {
        self.user.as_raw()
    }
}

/// Looks a group up by name.
pub(crate) fn group(name: &str) -> io::Result<u32> {
    let group = Group::from_name(name)?.ok_or_else(|| nobody("group", name))?;
    Ok(group.gid.as_raw())
}

fn nobody(what: &str, name: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("there is no {what} {name:?}; make it, or write another"),
    )
}

/// Becomes another user for good, keeping only these capabilities; and in any case, no program that is started
/// from here gains any by its file's bits.
///
/// Call it while the process has one thread: threads that are there already keep what they have.
pub(crate) fn give_up(account: Option<&Account>, keep: CapabilitySet) -> io::Result<()> {
    if let Some(account) = account {
        set_keep_capabilities(true)?;
        initgroups(&account.name, account.group)?;
        setresgid(account.group, account.group, account.group)?;
        setresuid(account.user, account.user, account.user)?;
        let kept = keep & capabilities(None)?.permitted;
        let sets = CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        };
        set_capabilities(None, sets)?;
    }
    Ok(set_no_new_privs(true)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_user_or_group_is_named() {
        let user = Account::find("no such user").unwrap_err().to_string();
        assert!(user.contains("there is no user \"no such user\""), "{user}");
        assert!(group("no such group").is_err());
        assert_eq!(Account::find("root").unwrap().user(), 0);
        assert_eq!(group("root").unwrap(), 0);
    }
}
