//! The program as it is typed.

use std::fmt::Write as _;
use std::process::Command;

/// Runs vpclab in the root of the repository; gives exit code, standard output and standard error.
pub fn vpclab(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_vpclab"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("NO_COLOR")
        .output()
        .expect("the program starts");
    let mut text = format!("exit {}\n", output.status.code().expect("it ends by itself"));
    for (name, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
        let bytes = String::from_utf8(bytes).expect("it prints UTF-8");
        if !bytes.is_empty() {
            let _ = write!(text, "--- {name}\n{bytes}");
        }
    }
    text
}
