//! A directory for the length of the demo.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use url::Url;
use uuid::Uuid;

use crate::commands::Failed;

/// A new directory that nobody else may read, gone with all that is in it when this is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn try_new(name: Uuid) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("billpay-demo-{}-{}", std::process::id(), name.simple()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// The URL of a database in it.
    pub(super) fn database_url(&self) -> Result<String, Failed> {
        // By way of a file URL, which writes as %20 what a URL cannot hold.
        let file = Url::from_file_path(self.0.join("billpay.db"))
            .map_err(|()| Failed("the directory for temporary files is not named by its whole path".to_owned()))?;
        Ok(format!("sqlite://{}?mode=rwc", file.path()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("billpay: {} could not be removed: {error}", self.0.display());
        }
    }
}
