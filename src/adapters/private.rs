//! Folders and files that nobody but their owner may read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Makes a folder (0700), and those above it that are missing.
///
/// # Errors
/// When the disk or the rights do not allow it.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Opens a file for writing (0600 when it is made), leaving what it holds.
///
/// # Errors
/// When the disk or the rights do not allow it.
pub fn file(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().read(true).write(true).truncate(false))
}

/// Opens a file to add to its end (0600 when it is made): several programs may do so at once.
///
/// # Errors
/// When the disk or the rights do not allow it.
pub fn appending(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().read(true).append(true))
}

/// Makes a file that is not there yet (0600), to be written.
///
/// # Errors
/// When the disk or the rights do not allow it, or the name is taken.
pub fn fresh(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().write(true).create_new(true))
}

/// Writes a whole file (0600 when it is made), in place of what it held.
///
/// # Errors
/// When the disk or the rights do not allow it.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    open(path, OpenOptions::new().write(true).truncate(true))?.write_all(bytes)
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
