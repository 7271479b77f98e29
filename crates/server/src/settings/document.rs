use std::io::{self, Write};

use clap::{Arg, Args, Command};

use super::Settings;

const HEADING: &str = "\
# Settings of Convene, each with its default. Take the # away to change one.
# A flag wins over the environment, and that over this file.
";

/// Writes a settings file that changes nothing and documents everything.
pub(crate) fn print(out: &mut impl Write) -> io::Result<()> {
    out.write_all(HEADING.as_bytes())?;
    for argument in Settings::augment_args(Command::new("convene")).get_arguments() {
        setting(out, argument)?;
    }
    Ok(())
}

fn setting(out: &mut impl Write, argument: &Arg) -> io::Result<()> {
    let key = argument.get_id().as_str();
    writeln!(out)?;
    if let Some(help) = argument.get_help() {
        writeln!(out, "# {help}.")?;
    }
    for value in argument.get_possible_values() {
        let help = value.get_help().map(|help| format!(": {help}")).unwrap_or_default();
        writeln!(out, "#   {}{help}.", value.get_name())?;
    }
    let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    writeln!(out, "# Flag --{}, environment {variable}.", key.replace('_', "-"))?;
    let default = argument.get_default_values().first().map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    let number = default.parse::<u64>().is_ok() || default.parse::<bool>().is_ok();
    let quote = if number { "" } else { "\"" };
    writeln!(out, "# {key} = {quote}{default}{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_printed_with_help_variable_and_default() {
        let mut out = Vec::new();
        print(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for argument in Settings::augment_args(Command::new("convene")).get_arguments() {
            let key = argument.get_id();
            assert!(argument.get_help().is_some(), "{key} has no help");
            assert!(argument.get_env().is_some(), "{key} has no variable");
            assert!(text.contains(&format!("\n# {key} = ")), "{key} is not printed");
        }
        let uncommented: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.contains(" = "))
            .fold(String::new(), |text, line| text + line + "\n");
        assert_eq!(
            uncommented.parse::<toml::Table>().unwrap().len(),
            Settings::augment_args(Command::new("x")).get_arguments().count()
        );
    }
}
