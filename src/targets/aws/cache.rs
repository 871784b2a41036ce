//! The names of permission sets, kept between runs: each costs a request, and none ever changes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// What is kept, and where.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// None where nothing is kept.
    file: Option<PathBuf>,
    names: BTreeMap<String, String>,
    learnt: bool,
}

impl Cache {
    /// What an earlier run kept in dualkey's own folder. One that can't be read is an empty one: it only saves requests.
    pub(super) fn open(own_dir: &Path, instance: &str) -> Self {
        let id = instance.rsplit('/').next().unwrap_or_default();
        let file = own_dir.join(format!("aws-{id}.json"));
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let kept: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
        let of_instance = format!(":permissionSet/{id}/");
        let names = kept.into_iter().filter(|(arn, _)| arn.contains(&of_instance));
        let names = names.filter_map(|(arn, name)| Some((arn, name.as_str()?.to_owned()))).collect();
        Cache { file: Some(file), names, learnt: false }
    }

    pub(super) fn name(&self, arn: &str) -> Option<&str> {
        self.names.get(arn).map(String::as_str).filter(|name| !name.is_empty())
    }

    pub(super) fn learn(&mut self, arn: &str, name: &str) {
        self.names.insert(arn.to_owned(), name.to_owned());
        self.learnt = true;
    }

    /// Keeps what was learnt. Where it can't be kept the next run asks again.
    pub(super) fn keep(&mut self) {
        let (true, Some(file)) = (self.learnt, &self.file) else { return };
        if keep(file, &self.names).is_ok() {
            self.learnt = false;
        }
    }
}

fn keep(file: &Path, names: &BTreeMap<String, String>) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut aside, names)?;
    aside.write_all(b"\n")?;
    aside.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-1234";

    fn arn(set: &str) -> String {
        format!("arn:aws:sso:::permissionSet/ssoins-1234/{set}")
    }

    #[test]
    fn names_are_kept_between_runs() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("dualkey");
        let mut cache = Cache::open(&own, INSTANCE);
        assert_eq!(cache.name(&arn("ps-1")), None);
        cache.learn(&arn("ps-1"), "DeveloperAccess");
        cache.keep();
        assert_eq!(Cache::open(&own, INSTANCE).name(&arn("ps-1")), Some("DeveloperAccess"));
        assert_eq!(Cache::open(&own, "arn:aws:sso:::instance/ssoins-5678").name(&arn("ps-1")), None);
    }

    #[test]
    fn what_is_broken_or_of_another_instance_is_asked_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("aws-ssoins-1234.json");
        for broken in ["", "{", "[]", "{\"x\": 1}", "\u{0}"] {
            std::fs::write(&file, broken).unwrap();
            assert_eq!(Cache::open(dir.path(), INSTANCE).names.len(), 0, "{broken:?}");
        }
        let other = "arn:aws:sso:::permissionSet/ssoins-5678/ps-1";
        std::fs::write(&file, format!("{{\"{other}\": \"A\", \"{}\": \"\"}}", arn("ps-2"))).unwrap();
        let cache = Cache::open(dir.path(), INSTANCE);
        assert_eq!((cache.name(other), cache.name(&arn("ps-2"))), (None, None));
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        let mut cache = Cache::open(dir.path(), INSTANCE);
        cache.learn(&arn("ps-1"), "A");
        cache.keep();
        assert_eq!(cache.name(&arn("ps-1")), Some("A"), "it goes on without");
    }
}
