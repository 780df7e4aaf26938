//! Lists of compromised keys that the settings name, ready for judgement.

use std::path::PathBuf;
use std::sync::Arc;

use super::AppError;
use crate::assess::{Blocklist, ListedKey, NoBlocklist};
use crate::config::BlocklistFile;
use crate::text::escape_for_terminal;

/// All lists together.
#[derive(Debug)]
struct Blocklists(Vec<BlocklistFile>);

/// Opens the lists of the settings.
///
/// # Errors
/// One of them is no list.
pub(super) fn blocklists(files: &[PathBuf]) -> Result<Arc<dyn Blocklist + Send + Sync>, AppError> {
    if files.is_empty() {
        return Ok(Arc::new(NoBlocklist));
    }
    let lists = files.iter().map(|path| BlocklistFile::open(path));
    Ok(Arc::new(Blocklists(lists.collect::<Result<_, _>>()?)))
}

impl Blocklist for Blocklists {
    fn find(&self, hash: &[u8; 15]) -> Option<ListedKey> {
        self.0.iter().find_map(|file| {
            let list = file.find(hash)?;
            let name = file.name(list);
            Some(ListedKey {
                list: name.map_or_else(|| format!("list {list}"), escape_for_terminal),
                is_debian: name.is_some_and(|name| name.starts_with("debian")),
            })
        })
    }
}
