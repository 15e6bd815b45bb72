//! What kind of source a path leads to, and its texts.
//!
//! The only part of the import that reads files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::inventory::{Place, Reading, Trouble};
use super::{Options, cloudformation, snapshot, terraform};

/// A source by its kind, with its texts.
#[derive(Clone, Debug)]
pub enum Source {
    /// Documents of `describe` commands: names of files relative to the folder, and their texts.
    Snapshot(Vec<(Rc<str>, String)>),
    /// What `terraform show -json` prints, or a state.
    Terraform(Rc<str>, String),
    /// A template.
    CloudFormation(Rc<str>, String),
}

/// How deep folders of a snapshot are nested: accounts, regions, and a few more.
const DEPTH_MAX: usize = 6;

/// Finds out what a path leads to.
pub fn find(path: &Path) -> Result<Source, Vec<Trouble>> {
    let shown: Rc<str> = path.to_string_lossy().replace('\\', "/").into();
    let unreadable = |shown: &Rc<str>, error: &std::io::Error| {
        let hint = "give a folder of `describe` documents, the JSON of `terraform show -json`, or a template";
        vec![Trouble {
            place: Place::file(shown),
            message: format!("cannot be read: {error}"),
            hint: Some(hint.to_owned()),
        }]
    };
    let metadata = fs::metadata(path).map_err(|error| unreadable(&shown, &error))?;
    if !metadata.is_dir() {
        let text = read(path, &shown).map_err(|trouble| vec![trouble])?;
        return Ok(of_text(shown, text));
    }
    let mut files = Vec::new();
    walk(path, 0, &mut files).map_err(|error| unreadable(&shown, &error))?;
    files.sort();
    let (mut texts, mut troubles) = (Vec::new(), Vec::new());
    for file in files {
        let relative = file.strip_prefix(path).unwrap_or(&file);
        let name: Rc<str> = relative.to_string_lossy().replace('\\', "/").into();
        match read(&file, &name) {
            Ok(text) => texts.push((name, text)),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if texts.is_empty() && troubles.is_empty() {
        let message = "there are no .json files in it".to_owned();
        let hint = Some("docs/import.md has a script that collects them".to_owned());
        troubles.push(Trouble { place: Place::file(&shown), message, hint });
    }
    if troubles.is_empty() { Ok(Source::Snapshot(texts)) } else { Err(troubles) }
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if depth < DEPTH_MAX {
                walk(&path, depth + 1, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            found.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path, shown: &Rc<str>) -> Result<String, Trouble> {
    let trouble = |message: String| Trouble { place: Place::file(shown), message, hint: None };
    let bytes = fs::read(path).map_err(|error| trouble(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| trouble("this is not text in UTF-8".to_owned()))?;
    Ok(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned))
}

/// What a single file is: Terraform and templates in JSON show it by their first keys.
fn of_text(file: Rc<str>, text: String) -> Source {
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    let is_json = text.trim_start().starts_with('{') || file.ends_with(".json") || file.ends_with(".tfstate");
    if !is_json {
        return Source::CloudFormation(file, text);
    }
    if has("terraform_version") || has("planned_values") || has("format_version") {
        Source::Terraform(file, text)
    } else if has("Resources") && !has("Vpcs") {
        Source::CloudFormation(file, text)
    } else {
        Source::Snapshot(vec![(file, text)])
    }
}

impl Source {
    /// Whether a text in YAML is a template, and no scenario.
    pub fn is_template(text: &str) -> bool {
        let has = |key: &str| text.lines().any(|line| line.trim_end().starts_with(key));
        has("Resources:") && !has("name:") || has("AWSTemplateFormatVersion:")
    }

    /// Reads it; `parameters` are those of a template.
    pub fn read(
        &self,
        parameters: &BTreeMap<String, String>,
        options: &Options,
    ) -> Result<Reading, Vec<Trouble>> {
        if let (Source::Snapshot(_) | Source::Terraform(..), Some((name, _))) =
            (self, parameters.first_key_value())
        {
            let place = Place { file: name.as_str().into(), path: String::new() };
            let message = "only templates of CloudFormation have parameters".to_owned();
            return Err(vec![Trouble { place, message, hint: Some("leave it out".to_owned()) }]);
        }
        match self {
            Self::Snapshot(files) => snapshot::read(files),
            Self::Terraform(file, text) => terraform::read(file, text),
            Self::CloudFormation(file, text) => {
                let mut parameters = parameters.clone();
                for (name, value) in [("AWS::Region", &options.region), ("AWS::AccountId", &options.account)]
                {
                    if let Some(value) = value {
                        parameters.entry(name.to_owned()).or_insert_with(|| value.clone());
                    }
                }
                cloudformation::read(file, text, &parameters)
            }
        }
    }
}
