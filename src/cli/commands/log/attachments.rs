//! Files that came with an entry: kept, saved, never opened.

use std::path::{Path, PathBuf};

use crate::adapters::private;
use crate::adapters::store::{Store, StoredEntry};
use crate::cli::answer::CliError;
use crate::cli::context::{Context, shown};
use crate::cli::reading;
use crate::responses::Attachment;
use crate::vocabulary::Digest;

/// The largest file that is kept with an entry.
const LARGEST_FILE: u64 = 50 * 1024 * 1024;

/// Saves under the name that the sender gave, made harmless; never over another file.
pub async fn save(
    context: &Context,
    store: &Store,
    entry: &StoredEntry,
    folder: &Path,
) -> Result<Vec<String>, CliError> {
    let failed = |what: &Path, e: std::io::Error| {
        CliError::world(format!("{}: {e}", shown(what)), "look at the folder and the disk")
    };
    private::folder(folder).map_err(|e| failed(folder, e))?;
    let message = raw(context, store, entry).await?;
    let mut saved = Vec::new();
    for (a, number) in entry.attachments.iter().zip(1..) {
        let twice = entry.attachments.iter().filter(|other| harmless(&other.name) == harmless(&a.name)).count() > 1;
        let number = if twice { format!("{number}-") } else { String::new() };
        let path = folder.join(format!("{}-{number}{}", entry.id, harmless(&a.name)));
        let bytes = match (&a.sha256, a.part, &message) {
            (Some(sha256), _, _) => {
                let kept = context.path(&format!("var/attachments/{sha256}"));
                std::fs::read(&kept).map_err(|e| failed(&kept, e))?
            }
            (None, Some(part), Some(message)) => reading::enclosure(message, part).ok_or_else(|| {
                CliError::world(
                    format!("`{}` is not in the message any more", shown(Path::new(&a.name))),
                    "look at it with `log show --raw`",
                )
            })?,
            _ => continue,
        };
        let mut file = private::fresh(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => {
                CliError::request(format!("{} is there already", shown(&path)), "name another folder with --save")
            }
            _ => failed(&path, e),
        })?;
        std::io::Write::write_all(&mut file, &bytes).map_err(|e| failed(&path, e))?;
        saved.push(shown(&path));
    }
    Ok(saved)
}

/// A file's name that leaves no folder and means nothing to a shell.
fn harmless(name: &str) -> String {
    let safe: String =
        name.chars().map(|c| if c.is_alphanumeric() || ".-_ ".contains(c) { c } else { '_' }).take(100).collect();
    let safe = safe.trim_start_matches('.').trim();
    if safe.is_empty() { "without-a-name".to_owned() } else { safe.to_owned() }
}

/// The message that an entry was made of, byte for byte; `None` where it was entered by hand, or has been erased.
///
/// # Errors
/// When its file cannot be read, with its place.
pub async fn raw(context: &Context, store: &Store, entry: &StoredEntry) -> Result<Option<Vec<u8>>, CliError> {
    let Some(key) = entry.message else { return Ok(None) };
    let Some(message) = store.incoming(key).await?.filter(|message| message.erased_at.is_none()) else {
        return Ok(None);
    };
    let shelf = context.shelf()?;
    let place: PathBuf = shelf.place(&message.raw);
    let bytes = shelf.read_whole(&message.raw).map_err(|e| {
        CliError::world(
            format!("the message cannot be read from {}: {e}", shown(&place)),
            "where several workers share a database, look in the workspace of the one that read the mail",
        )
    })?;
    Ok(Some(bytes))
}

/// Keeps a file byte for byte under its digest (0600); it is never opened.
pub fn keep(context: &Context, path: &Path) -> Result<Attachment, CliError> {
    let cannot = |e: std::io::Error| {
        CliError::request(format!("{} cannot be read: {e}", shown(path)), "name the scanned letter")
    };
    let meta = std::fs::metadata(path).map_err(cannot)?;
    if !meta.is_file() {
        return Err(CliError::request(format!("{} is not a plain file", shown(path)), "name the scanned letter"));
    }
    if meta.len() > LARGEST_FILE {
        return Err(CliError::request(format!("{} is larger than 50 MiB", shown(path)), "scan it with fewer dots"));
    }
    let bytes = std::fs::read(path).map_err(cannot)?;
    let digest: String = Digest::of(&bytes).bytes().iter().map(|b| format!("{b:02x}")).collect();
    let folder = context.path("var/attachments");
    let failed = |e: std::io::Error| {
        CliError::world(
            format!("{} cannot be kept: {e}", shown(path)),
            "look at the rights of var/, and whether the disk is full",
        )
    };
    private::folder(&folder).map_err(failed)?;
    let mut file = private::file(&folder.join(&digest)).map_err(failed)?;
    file.set_len(0).map_err(failed)?;
    std::io::Write::write_all(&mut file, &bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let media_type = match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("tif" | "tiff") => "image/tiff",
        Some("txt") => "text/plain",
        Some("eml") => "message/rfc822",
        _ => "application/octet-stream",
    };
    Ok(Attachment { name, media_type: media_type.to_owned(), bytes: meta.len(), sha256: Some(digest), part: None })
}
