//! A log as `audit export` wrote it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::audit::{Files, LogError};
use crate::report;

/// The folder that an export was written into.
pub struct Export(pub PathBuf);

impl Files for Export {
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, LogError> {
        let file = match fs::File::open(self.0.join(path)) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(unreadable(&self.0.join(path), &error)),
        };
        let mut bytes = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        file.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(&self.0.join(path), &error))?;
        if bytes.len() > limit {
            let why = "it is longer than such a file of a log can be".to_owned();
            return Err(LogError::Unreadable { file: path.to_owned(), why });
        }
        Ok(Some(bytes))
    }

    fn each(&self, visit: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError> {
        let mut open = vec![(String::new(), self.0.clone())];
        while let Some((prefix, folder)) = open.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
                let entry = entry.map_err(|error| unreadable(&folder, &error))?;
                let path = entry.path();
                let is_folder = entry.file_type().map_err(|error| unreadable(&path, &error))?.is_dir();
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                let shown = if is_folder { format!("{name}/") } else { name };
                if !visit(&shown) {
                    return Ok(());
                }
                if is_folder {
                    open.push((shown, path));
                }
            }
        }
        Ok(())
    }
}

fn unreadable(path: &Path, error: &io::Error) -> LogError {
    LogError::Unreadable { file: report::escape::terminal(&path.display().to_string()), why: error.to_string() }
}
