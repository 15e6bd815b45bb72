//! Matrices and comparisons for programs: CSV (RFC 4180) and JSON. The fields are a public interface: they
//! change with the number in `schema`.
//!
//! Everything goes straight to the writer: a matrix has millions of cells.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Cell, Comparison, Host, Matrix, Refusal, Refusals, Verdict};
use crate::trace::Asked;

/// The version of the layouts.
const SCHEMA: u32 = 1;

impl Matrix {
    /// One line for each pair and port.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"from,to,protocol,port,open,way,reason,at,listens\r\n")?;
        let names: Vec<Cow<'_, str>> = self.hosts.iter().map(|host| field(&host.name)).collect();
        let reasons: Vec<String> = self.refusals.iter().map(reason_fields).collect();
        for (at, port) in self.ports.iter().enumerate() {
            let what = port_fields(*port);
            for (row, from) in self.from.iter().enumerate() {
                for (cell, to) in self.row(at, row).iter().zip(&self.to) {
                    let why = match *cell {
                        Cell::ITSELF => continue,
                        Cell::OPEN => "true,,,",
                        Cell(refusal) => &reasons[refusal as usize],
                    };
                    let listens = match self.hosts[*to].listens(*port) {
                        None => "",
                        Some(false) => "false",
                        Some(true) => "true",
                    };
                    let (from, to) = (&names[*from], &names[*to]);
                    out.write_all(format!("{from},{to},{what},{why},{listens}\r\n").as_bytes())?;
                }
            }
        }
        Ok(())
    }

    /// One document: hosts, ports, refusals, and for each port and sender a list of what they mean.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let numbers = |positions: &[usize]| Value::from(positions.to_vec());
        let hosts: Vec<Value> = self.hosts.iter().map(|host| self.host(host)).collect();
        let ports: Vec<String> = self.ports.iter().map(Asked::to_string).collect();
        let refusals: Vec<Value> = self.refusals.iter().map(refusal).collect();
        writeln!(out, "{{")?;
        let head = [
            ("schema", json!(SCHEMA)),
            ("scenario", json!(self.path)),
            ("name", json!(self.title)),
            ("after", json!(self.after)),
            ("ports", json!(ports)),
            ("from", numbers(&self.from)),
            ("to", numbers(&self.to)),
        ];
        for (key, value) in head {
            writeln!(out, "\"{key}\":{value},")?;
        }
        if self.not_imported > 0 {
            writeln!(out, "\"not_imported\":{},", self.not_imported)?;
        }
        write_list(out, "hosts", &hosts, ",")?;
        write_list(out, "refusals", &refusals, ",")?;
        writeln!(out, "\"cells\":[")?;
        for port in 0..self.ports.len() {
            writeln!(out, "[")?;
            for row in 0..self.from.len() {
                self.write_row(out, self.row(port, row), row + 1 == self.from.len())?;
            }
            writeln!(out, "]{}", if port + 1 == self.ports.len() { "" } else { "," })?;
        }
        writeln!(out, "]\n}}")
    }

    /// `true` is open, a number a refusal, `null` the sender itself.
    fn write_row(&self, out: &mut dyn Write, row: &[Cell], is_last: bool) -> io::Result<()> {
        let mut line = String::from("[");
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                line.push(',');
            }
            match *cell {
                Cell::ITSELF => line.push_str("null"),
                Cell::OPEN => line.push_str("true"),
                Cell(refusal) => line.push_str(&refusal.to_string()),
            }
        }
        line.push_str(if is_last { "]\n" } else { "],\n" });
        out.write_all(line.as_bytes())
    }

    fn host(&self, host: &Host) -> Value {
        let mut shown = Map::new();
        shown.insert("name".to_owned(), json!(host.name));
        shown.insert("id".to_owned(), json!(host.id));
        if host.is_stand_in {
            shown.insert("stand_in".to_owned(), json!(true));
        }
        let listens = self.ports.iter().map(|port| host.listens(*port)).collect::<Option<Vec<bool>>>();
        if let Some(listens) = listens {
            shown.insert("listens".to_owned(), json!(listens));
        }
        Value::Object(shown)
    }
}

impl Comparison {
    /// One line for each pair and port that is another, and one for each host that is only in one.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"change,from,to,protocol,port,way_before,reason_before,at_before,way,reason,at\r\n")?;
        for (change, names) in [("removed", &self.removed), ("added", &self.added)] {
            for name in names {
                out.write_all(format!("{change},{},,,,,,,,,\r\n", field(name)).as_bytes())?;
            }
        }
        for difference in &self.differences {
            let change = difference.kind();
            let (from, to) = (field(&difference.from), field(&difference.to));
            let reason = |cell, refusals: &Refusals| match refusals.verdict(cell) {
                Verdict::Closed(refusal) => {
                    format!("{},{},{}", refusal.leg, refusal.code, field(&refusal.at))
                }
                Verdict::Itself | Verdict::Open => ",,".to_owned(),
            };
            let before = reason(difference.before, &self.refusals[0]);
            let after = reason(difference.after, &self.refusals[1]);
            let what = port_fields(difference.port);
            out.write_all(format!("{change},{from},{to},{what},{before},{after}\r\n").as_bytes())?;
        }
        Ok(())
    }

    /// One document: hosts that are only in one, and what is opened and closed, with the reasons.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let side = |cell, refusals: &Refusals| match refusals.verdict(cell) {
            Verdict::Closed(why) => refusal(why),
            Verdict::Itself | Verdict::Open => json!("open"),
        };
        let differences: Vec<Value> = self
            .differences
            .iter()
            .map(|difference| {
                json!({
                    "change": difference.kind(),
                    "from": difference.from,
                    "to": difference.to,
                    "port": difference.port.to_string(),
                    "before": side(difference.before, &self.refusals[0]),
                    "after": side(difference.after, &self.refusals[1]),
                })
            })
            .collect();
        writeln!(out, "{{")?;
        let head = [
            ("schema", json!(SCHEMA)),
            ("before", json!(self.paths[0])),
            ("after", json!(self.paths[1])),
            ("compared", json!(self.compared)),
            ("opened", json!(self.opened())),
            ("closed", json!(self.closed())),
            ("other_reason", json!(self.other_reason)),
            ("removed", json!(self.removed)),
            ("added", json!(self.added)),
        ];
        for (key, value) in head {
            writeln!(out, "\"{key}\":{value},")?;
        }
        write_list(out, "differences", &differences, "")?;
        writeln!(out, "}}")
    }
}

/// A list with a line for each of its values.
fn write_list(out: &mut dyn Write, key: &str, values: &[Value], comma: &str) -> io::Result<()> {
    writeln!(out, "\"{key}\":[")?;
    for (at, value) in values.iter().enumerate() {
        writeln!(out, "{value}{}", if at + 1 == values.len() { "" } else { "," })?;
    }
    writeln!(out, "]{comma}")
}

fn refusal(refusal: &Refusal) -> Value {
    let mut shown = Map::new();
    let Refusal { leg, code, analyzer, at, id } = refusal;
    shown.insert("way".to_owned(), json!(leg.to_string()));
    shown.insert("reason".to_owned(), json!(code));
    for (key, text) in [("analyzer", analyzer.unwrap_or_default()), ("at", at), ("id", id)] {
        if !text.is_empty() {
            shown.insert(key.to_owned(), json!(text));
        }
    }
    Value::Object(shown)
}

fn reason_fields(refusal: &Refusal) -> String {
    format!("false,{},{},{}", refusal.leg, refusal.code, field(&refusal.at))
}

fn port_fields(port: Asked) -> String {
    let number = port.port().map(|number| number.to_string());
    format!("{},{}", port.protocol(), number.unwrap_or_default())
}

/// A field of CSV, in quotes if it has to be.
fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\r', '\n']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_are_quoted_as_rfc_4180_says() {
        assert_eq!(field("plain name"), "plain name");
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(field("two\nlines"), "\"two\nlines\"");
    }
}
