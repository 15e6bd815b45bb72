//! Scenarios that begin with what somebody already has, and what somebody has as a scenario.
//!
//! Where the import meets files: paths in a scenario are relative to it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::Report;
use crate::import::{self, Import, Loss, Notice, Options, Source, Trouble};
use crate::scenario::{self, Base, Imported, Scenario, problem::Problems};

/// How many troubles a message about one source names.
const TROUBLES_SHOWN_MAX: usize = 5;

/// Reads a scenario; what it begins with is imported.
pub(super) fn load(path: &Path, source: &str) -> Result<Scenario, Problems> {
    let folder = path.parent().unwrap_or(Path::new(""));
    scenario::load_with(source, &mut |base: &Base| begin_with(folder, base))
}

fn begin_with(folder: &Path, base: &Base) -> Result<Imported, String> {
    let options = Options {
        title: base.from.clone(),
        source: base.from.clone(),
        account: base.account.clone(),
        region: base.region.clone(),
        listens: base.listens,
    };
    let made = import::find(&folder.join(&base.from))
        .and_then(|source| import::import_source(&source, &base.parameters, &options))
        .map_err(|troubles| in_one_line(&troubles))?;
    let matters = made.notices.iter().filter(|notice| notice.loss == Loss::Matters);
    Ok(Imported {
        notices: matters.map(in_words).collect(),
        places: made.places.into_iter().map(|(at, place)| (at, place.to_string())).collect(),
        text: made.text,
    })
}

/// Makes a scenario of a source, or says what is wrong with the source.
pub fn import(
    path: &Path,
    parameters: &BTreeMap<String, String>,
    options: &Options,
) -> Result<Import, Vec<Trouble>> {
    import::import_source(&import::find(path)?, parameters, options)
}

/// A scenario of a source, and what the source is called.
pub(super) fn open(path: &Path) -> Result<(String, Scenario), Report> {
    let shown = path.to_string_lossy().replace('\\', "/");
    let options = Options { title: shown.clone(), source: shown.clone(), ..Options::default() };
    let made = import(path, &BTreeMap::new(), &options)
        .map_err(|troubles| Report::Invalid { text: rendered(&troubles) })?;
    let mut scenario = scenario::load(&made.text)
        .map_err(|problems| Report::Invalid { text: problems.render(&shown, &made.text, false) })?;
    let matters = made.notices.iter().filter(|notice| notice.loss == Loss::Matters);
    scenario.not_imported = matters.map(in_words).collect();
    Ok((shown, scenario))
}

/// Scenarios are YAML; so are templates, which show what they are by their first keys.
pub(super) fn is_scenario(path: &Path) -> bool {
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    is_yaml && std::fs::read_to_string(path).map_or(true, |text| !Source::is_template(&text))
}

fn in_words(notice: &Notice) -> String {
    format!("{}: {}", notice.place, notice.message)
}

fn in_one_line(troubles: &[Trouble]) -> String {
    let shown = troubles.iter().take(TROUBLES_SHOWN_MAX).map(|it| format!("{}: {}", it.place, it.message));
    let mut text = shown.collect::<Vec<_>>().join("; ");
    if troubles.len() > TROUBLES_SHOWN_MAX {
        let _ = write!(text, "; and {} more", troubles.len() - TROUBLES_SHOWN_MAX);
    }
    text
}

/// What is wrong with a source, for people.
pub fn rendered(troubles: &[Trouble]) -> String {
    let mut text = String::new();
    for trouble in troubles {
        let _ = writeln!(text, "error: {}: {}", trouble.place, trouble.message);
        if let Some(hint) = &trouble.hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
    }
    let count = if troubles.len() == 1 { "1 error".to_owned() } else { format!("{} errors", troubles.len()) };
    let _ = writeln!(text, "\n{count}: nothing was imported");
    text
}
