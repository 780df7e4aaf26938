//! Lists of compromised keys, in badkeys' format (its docs/BLOCKLISTFORMAT.md): sorted records of 16 octets, the first 120
//! bits of a SHA-256 and the number of a list. `badkeysdata.json` beside such a file, if it is there, tells what the lists
//! are called. Only every 256th hash is held in memory; the file is not.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ConfigError;

const RECORD: usize = 16;
const HASH: usize = 15;
/// Records in one look at the file.
const PAGE: usize = 256;
/// 128 million keys; the index of it takes 8 MiB.
const MOST_OCTETS: u64 = 2 << 30;
/// What is beside the list, with the names.
const NAMES_FILE: &str = "badkeysdata.json";

/// One file, checked and ready to be asked.
#[derive(Debug)]
pub struct BlocklistFile {
    file: File,
    /// The first hash of each page.
    pages: Vec<[u8; HASH]>,
    names: HashMap<u8, String>,
}

/// The part of `badkeysdata.json` that is read.
#[derive(Debug, Deserialize)]
struct Names {
    blocklists: Vec<Name>,
}

#[derive(Debug, Deserialize)]
struct Name {
    id: u8,
    name: String,
}

impl BlocklistFile {
    /// Opens a list and checks all of it.
    ///
    /// # Errors
    /// It cannot be read, or is no such list; the message says what to do.
    pub fn open(path: &Path) -> Result<Self, ConfigError> {
        let wrong = |message: String| ConfigError::Blocklist { path: path.to_owned(), message };
        let unreadable = |error: std::io::Error| {
            wrong(format!("cannot be read: {error}; name the file of a list in `blocklists` of the settings"))
        };
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(wrong(
                "is no file; name the file of a list, such as badkeys' blocklist.dat".to_owned(),
            ));
        }
        let length = metadata.len();
        if length == 0 || !length.is_multiple_of(RECORD as u64) || length > MOST_OCTETS {
            return Err(wrong(format!(
                "has {length} octets, and a list in badkeys' format has a multiple of {RECORD}, at most {MOST_OCTETS}: \
                 unpack it if it is compressed, else fetch it again"
            )));
        }
        let pages = read_pages(&file, length / RECORD as u64, &wrong, &unreadable)?;
        Ok(Self { file, pages, names: names_beside(path)? })
    }

    /// The number of the list that has this hash; `None` also where the file cannot be read any more.
    pub fn find(&self, hash: &[u8; HASH]) -> Option<u8> {
        let page = self.pages.partition_point(|first| first <= hash).checked_sub(1)?;
        let mut octets = [0; PAGE * RECORD];
        let start = u64::try_from(page.checked_mul(PAGE * RECORD)?).ok()?;
        let mut length = 0;
        while let Some(rest) = octets.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, start + length as u64) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        let (records, _) = octets.get(..length)?.as_chunks::<RECORD>();
        let place = records
            .binary_search_by(|record| record.split_last().map_or(&[][..], |(_, hash)| hash).cmp(hash));
        records.get(place.ok()?)?.last().copied()
    }

    /// What a list is called, as far as `badkeysdata.json` says it.
    pub fn name(&self, list: u8) -> Option<&str> {
        self.names.get(&list).map(String::as_str)
    }
}

/// Reads all records once: they must be in order.
fn read_pages(
    file: &File,
    count: u64,
    wrong: &dyn Fn(String) -> ConfigError,
    unreadable: &dyn Fn(std::io::Error) -> ConfigError,
) -> Result<Vec<[u8; HASH]>, ConfigError> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut pages = Vec::new();
    let mut before = [0; HASH];
    for number in 0..count {
        let mut record = [0; RECORD];
        reader.read_exact(&mut record).map_err(unreadable)?;
        let hash: [u8; HASH] = record.first_chunk().copied().unwrap_or_default();
        if number > 0 && hash < before {
            return Err(wrong(format!(
                "record {number} is out of order: this is no list in badkeys' format, or a damaged one; fetch it again"
            )));
        }
        if number.is_multiple_of(PAGE as u64) {
            pages.push(hash);
        }
        before = hash;
    }
    Ok(pages)
}

/// Names of the lists, if the file with them is there.
fn names_beside(list: &Path) -> Result<HashMap<u8, String>, ConfigError> {
    let path: PathBuf = list.with_file_name(NAMES_FILE);
    if !path.exists() {
        return Ok(HashMap::new());
    }
    let text = super::read_file(&path)?;
    let names: Names = serde_json::from_str(&text).map_err(|error| ConfigError::Blocklist {
        path: path.clone(),
        message: format!(
            "does not name lists ({error}); fetch it again together with the list, or remove it"
        ),
    })?;
    Ok(names.blocklists.into_iter().map(|list| (list.id, list.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u32) -> [u8; HASH] {
        let mut hash = [7; HASH];
        hash.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        hash
    }

    fn written(folder: &Path, numbers: impl Iterator<Item = u32>) -> PathBuf {
        let path = folder.join("blocklist.dat");
        let records =
            numbers.flat_map(|number| hash(number).into_iter().chain([u8::try_from(number % 251).unwrap()]));
        std::fs::write(&path, records.collect::<Vec<u8>>()).unwrap();
        path
    }

    #[test]
    fn every_key_of_a_list_is_found_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        for count in [1, 255, 256, 257, 1_000] {
            let list = BlocklistFile::open(&written(folder.path(), (0..count).map(|n| 2 * n + 10))).unwrap();
            for number in 0..2 * count + 20 {
                let is_there = number % 2 == 0 && (10..2 * count + 10).contains(&number);
                let expected = is_there.then(|| u8::try_from(number % 251).unwrap());
                assert_eq!(list.find(&hash(number)), expected, "{number} of {count}");
            }
        }
    }

    #[test]
    fn lists_have_the_names_that_stand_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), 1..3);
        std::fs::write(
            folder.path().join(NAMES_FILE),
            r#"{"bkformat": 0, "blocklists": [{"id": 1, "name": "debianopenssl", "type": "x"}]}"#,
        )
        .unwrap();
        let list = BlocklistFile::open(&path).unwrap();
        assert_eq!((list.name(1), list.name(2)), (Some("debianopenssl"), None));
        std::fs::write(folder.path().join(NAMES_FILE), "{}").unwrap();
        assert!(BlocklistFile::open(&path).unwrap_err().to_string().contains("does not name lists"));
    }

    #[test]
    fn what_is_no_list_is_told_with_its_name_and_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        let said = |octets: &[u8]| {
            std::fs::write(&path, octets).unwrap();
            BlocklistFile::open(&path).unwrap_err().to_string()
        };
        assert!(said(&[0; 17]).contains("has 17 octets"));
        assert!(said(&[]).contains("has 0 octets"));
        let unsorted = [[9; RECORD], [8; RECORD]].concat();
        let message = said(&unsorted);
        assert!(message.contains("record 1 is out of order") && message.contains(path.to_str().unwrap()));
        assert!(BlocklistFile::open(folder.path()).unwrap_err().to_string().contains("is no file"));
        let missing = BlocklistFile::open(&folder.path().join("none")).unwrap_err().to_string();
        assert!(missing.contains("cannot be read"), "{missing}");
    }
}
