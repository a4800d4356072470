//! Files below shared folders (`hospes:files/*`).
//!
//! Every directory is an open handle ([`cap_std::fs::Dir`]) and every name one component, checked by [`name`]; system
//! calls get handle and name and never follow a link (`O_NOFOLLOW`). So there is no path that could be escaped from and
//! no moment between check and use. Links are listed and can be renamed and deleted, but not opened, not even when they
//! lead to a place inside the same folder: what they lead to may change at any moment.

mod directory;
mod error;
mod listing;
mod name;
mod upload;

pub(crate) use name::is_partial;

use super::super::{BeforeMaking, SharedFolder};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use directory::SharedDirectory;
use hospes_runtime::provider::files::{Directory, Files, Root};
use hospes_runtime::provider::{Error, Result};
use rustix::fs::{Access, AtFlags};

/// The shared folders of this host.
pub(super) struct SharedFiles {
    folders: Vec<SharedFolder>,
    before_making: BeforeMaking,
}

impl SharedFiles {
    pub(super) fn new(folders: Vec<SharedFolder>, before_making: BeforeMaking) -> Self {
        Self { folders, before_making }
    }
}

impl Files for SharedFiles {
    fn roots(&self) -> Result<Vec<Root>> {
        let writable = |folder: &SharedFolder| {
            folder.writable
                && rustix::fs::accessat(rustix::fs::CWD, &folder.path, Access::WRITE_OK, AtFlags::empty()).is_ok()
        };
        Ok(self.folders.iter().map(|folder| Root { name: folder.name.clone(), writable: writable(folder) }).collect())
    }

    fn open_root(&self, name: &str) -> Result<Box<dyn Directory>> {
        let folder = self.folders.iter().find(|folder| folder.name == name).ok_or(Error::NotFound)?;
        let dir = Dir::open_ambient_dir(&folder.path, ambient_authority()).map_err(|e| error::of(&e))?;
        let path = std::fs::canonicalize(&folder.path).map_err(|e| error::of(&e))?;
        Ok(Box::new(SharedDirectory::new(dir, path, folder.writable, self.before_making.clone())))
    }
}
