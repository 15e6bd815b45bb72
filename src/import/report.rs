//! What is said of an import: what was found, and what is not in the scenario as it is in the source.

use serde_json::json;

use super::{Import, Loss, Notice};

/// How many notices of no consequence are printed; the JSON report has all.
const HARMLESS_SHOWN_MAX: usize = 20;

impl Import {
    /// For people.
    pub fn in_text(&self) -> String {
        let counts: Vec<String> =
            self.counts.iter().map(|(what, count)| format!("{count} {}", numbered(what, *count))).collect();
        let mut text = format!("imported: {}\n", counts.join(", "));
        let matters: Vec<String> = self.of(Loss::Matters).map(line).collect();
        if !matters.is_empty() {
            text.push_str(&format!(
                "\nnot as in the source, and packets may find out ({}):\n",
                matters.len()
            ));
            text.push_str(&matters.concat());
        }
        let harmless: Vec<String> = self.of(Loss::Harmless).map(line).collect();
        if !harmless.is_empty() {
            text.push_str(&format!("\nleft out, and no IPv4 packet finds out ({}):\n", harmless.len()));
            harmless.iter().take(HARMLESS_SHOWN_MAX).for_each(|line| text.push_str(line));
        }
        if let Some(more) = harmless.len().checked_sub(HARMLESS_SHOWN_MAX).filter(|more| *more > 0) {
            text.push_str(&format!("  and {more} more (--format json lists all)\n"));
        }
        text
    }

    /// For programs.
    pub fn in_json(&self) -> String {
        let notices = self.notices.iter().map(|notice| {
            json!({
                "file": &*notice.place.file,
                "path": notice.place.path,
                "matters": notice.loss == Loss::Matters,
                "message": notice.message,
            })
        });
        let counts: serde_json::Map<String, serde_json::Value> =
            self.counts.iter().map(|(what, count)| ((*what).to_owned(), (*count).into())).collect();
        let document = json!({ "imported": counts, "notices": notices.collect::<Vec<_>>() });
        format!("{document:#}\n")
    }

    fn of(&self, loss: Loss) -> impl Iterator<Item = &Notice> {
        self.notices.iter().filter(move |notice| notice.loss == loss)
    }
}

fn line(notice: &Notice) -> String {
    format!("  {}: {}\n", notice.place, notice.message)
}

/// `1 VPC`, `2 VPCs`.
fn numbered(what: &str, count: usize) -> &str {
    match what {
        _ if count != 1 => what,
        "Elastic IPs" => "Elastic IP",
        _ => what.strip_suffix('s').unwrap_or(what),
    }
}
