//! The work of a long comparison, kept in a folder: each file is whole or not there, and ends with its SHA-256.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::app::AppError;
use crate::app::moduli::Modulus;
use crate::assess::keys::ModuliProduct;
use crate::text::escape_for_terminal;
use crate::x509::Fingerprint;

/// First octets of the plan, and its version.
const MAGIC: &[u8; 8] = b"cvfactr1";
const SUM: usize = 32;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// The number of the certificate after the last one that was looked at.
    pub(super) next: u64,
    /// Different moduli.
    pub(super) count: u64,
    pub(super) parts: u32,
}

/// The folder.
#[derive(Debug)]
pub(super) struct Work {
    folder: PathBuf,
}

impl Work {
    /// A new folder, or, to go on, one that is there.
    pub(super) fn open(folder: PathBuf, resume: bool) -> Result<Self, AppError> {
        if folder.exists() {
            if !resume {
                let shown = escape_for_terminal(&folder.display().to_string());
                return Err(AppError::Usage(format!(
                    "{shown} holds the work of an earlier run: go on with --resume, or remove it"
                )));
            }
        } else {
            // What is found here is for its owner only.
            let made = fs::DirBuilder::new().mode(0o700).recursive(true).create(&folder);
            made.map_err(|error| failed(&folder, &error))?;
        }
        Ok(Self { folder })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The plan, once all moduli are collected.
    pub(super) fn plan(&self) -> Result<Option<Plan>, AppError> {
        let path = self.folder.join("plan");
        if !path.exists() {
            return Ok(None);
        }
        let octets = self.read("plan")?;
        let mut reader = Octets(&octets);
        let mut read = || {
            (reader.array::<8>()? == *MAGIC).then_some(())?;
            let plan = Plan { next: reader.long()?, count: reader.long()?, parts: reader.number()? };
            reader.0.is_empty().then_some(plan)
        };
        read().ok_or_else(|| damaged(&path)).map(Some)
    }

    pub(super) fn put_plan(&self, plan: Plan) -> Result<(), AppError> {
        let mut octets = MAGIC.to_vec();
        octets.extend_from_slice(&plan.next.to_le_bytes());
        octets.extend_from_slice(&plan.count.to_le_bytes());
        octets.extend_from_slice(&plan.parts.to_le_bytes());
        self.write("plan", octets)
    }

    pub(super) fn moduli(&self, part: u32) -> Result<Vec<Modulus>, AppError> {
        let name = format!("moduli-{part}");
        let octets = self.read(&name)?;
        let mut reader = Octets(&octets);
        let mut moduli = Vec::new();
        while !reader.0.is_empty() {
            let modulus = reader.modulus().ok_or_else(|| damaged(&self.folder.join(&name)))?;
            moduli.push(modulus);
        }
        Ok(moduli)
    }

    pub(super) fn put_moduli(&self, part: u32, moduli: &[Modulus]) -> Result<(), AppError> {
        let mut octets = Vec::new();
        for Modulus { octets: modulus, keys } in moduli {
            put_length(&mut octets, modulus.len());
            octets.extend_from_slice(modulus);
            put_length(&mut octets, keys.len());
            keys.iter().for_each(|key| octets.extend_from_slice(key));
        }
        self.write(&format!("moduli-{part}"), octets)
    }

    pub(super) fn has_product(&self, part: u32) -> bool {
        self.folder.join(format!("product-{part}")).exists()
    }

    pub(super) fn product(&self, part: u32) -> Result<ModuliProduct, AppError> {
        Ok(ModuliProduct::from_octets(&self.read(&format!("product-{part}"))?))
    }

    pub(super) fn put_product(&self, part: u32, product: &ModuliProduct) -> Result<(), AppError> {
        self.write(&format!("product-{part}"), product.to_octets())
    }

    /// Which moduli of a part share a factor; `None` where it was not examined yet.
    pub(super) fn shared(&self, part: u32) -> Result<Option<Vec<u32>>, AppError> {
        let name = format!("shared-{part}");
        let path = self.folder.join(&name);
        if !path.exists() {
            return Ok(None);
        }
        let octets = self.read(&name)?;
        let mut reader = Octets(&octets);
        let mut shared = Vec::new();
        while !reader.0.is_empty() {
            shared.push(reader.number().ok_or_else(|| damaged(&path))?);
        }
        Ok(Some(shared))
    }

    pub(super) fn put_shared(&self, part: u32, shared: &[u32]) -> Result<(), AppError> {
        self.write(&format!("shared-{part}"), shared.iter().flat_map(|index| index.to_le_bytes()).collect())
    }

    /// Removes the folder, which only this program wrote to.
    pub(super) fn remove(self) -> Result<(), AppError> {
        fs::remove_dir_all(&self.folder).map_err(|error| failed(&self.folder, &error))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, AppError> {
        let path = self.folder.join(name);
        let mut octets = fs::read(&path).map_err(|error| failed(&path, &error))?;
        let content = octets.len().checked_sub(SUM).ok_or_else(|| damaged(&path))?;
        let sum = octets.split_off(content);
        if Fingerprint::of(&octets).0 != *sum {
            return Err(damaged(&path));
        }
        Ok(octets)
    }

    fn write(&self, name: &str, mut octets: Vec<u8>) -> Result<(), AppError> {
        let path = self.folder.join(name);
        octets.extend_from_slice(&Fingerprint::of(&octets).0);
        let written = tempfile::NamedTempFile::new_in(&self.folder).and_then(|mut file| {
            file.write_all(&octets)?;
            file.persist(&path).map_err(|error| error.error)
        });
        written.map(|_| ()).map_err(|error| failed(&path, &error))
    }
}

fn put_length(octets: &mut Vec<u8>, length: usize) {
    octets.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

fn failed(path: &Path, error: &std::io::Error) -> AppError {
    AppError::File {
        path: path.to_owned(),
        message: format!("{error}; what is done stays: make room or rights, and go on with --resume"),
    }
}

fn damaged(path: &Path) -> AppError {
    AppError::File {
        path: path.to_owned(),
        message: "is damaged; remove its folder and start again without --resume".to_owned(),
    }
}

/// Octets that are read from the front.
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn modulus(&mut self) -> Option<Modulus> {
        let length = usize::try_from(self.number()?).ok()?;
        let octets = self.take(length)?.into();
        let keys = (0..self.number()?).map(|_| self.array()).collect::<Option<_>>()?;
        Some(Modulus { octets, keys })
    }
}
