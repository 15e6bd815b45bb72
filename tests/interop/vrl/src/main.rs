//! Reads lines from standard input, each a format, a tab and a record, lets VRL parse the record, and prints what it
//! understood as a record of the same format; or a tab, and why it did not.

use std::io::{BufRead as _, Error, Result, Write as _, stdin, stdout};

use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Context, Function, Program, TargetValue, TimeZone, compile};
use vrl::value::{ObjectMap, Secrets, Value};

const PROGRAM: &str = "parse_aws_vpc_flow_log!(.record, .format)";

fn main() -> Result<()> {
    let functions: Vec<Box<dyn Function>> = vec![Box::new(vrl::stdlib::ParseAwsVpcFlowLog)];
    let program = compile(PROGRAM, &functions).map_err(|error| Error::other(format!("{error:?}")))?.program;
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let line = line?;
        let (format, record) = line.split_once('\t').ok_or_else(|| Error::other("a line without a tab"))?;
        match understood(&program, format, record) {
            Ok(again) => writeln!(out, "{again}")?,
            Err(error) => writeln!(out, "\t{}", error.replace('\n', " "))?,
        }
    }
    Ok(())
}

fn understood(program: &Program, format: &str, record: &str) -> std::result::Result<String, String> {
    let input = [("format", format), ("record", record)];
    let input = input.into_iter().map(|(key, text)| (key.into(), Value::from(text))).collect::<ObjectMap>();
    let mut target = TargetValue {
        value: Value::Object(input),
        metadata: Value::Object(ObjectMap::new()),
        secrets: Secrets::default(),
    };
    let (mut state, timezone) = (RuntimeState::default(), TimeZone::default());
    let parsed = program
        .resolve(&mut Context::new(&mut target, &mut state, &timezone))
        .map_err(|error| error.to_string())?;
    let fields = parsed.as_object().ok_or("no object")?;
    let value = |name: &str| match fields.get(name) {
        Some(Value::Bytes(text)) => Ok(String::from_utf8_lossy(text).into_owned()),
        Some(Value::Integer(number)) => Ok(number.to_string()),
        Some(Value::Null) => Ok("-".to_owned()),
        other => Err(format!("{name} is {other:?}")),
    };
    Ok(format.split(' ').map(value).collect::<std::result::Result<Vec<_>, _>>()?.join(" "))
}
