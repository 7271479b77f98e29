use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, error::ErrorKind};
use toml::{Table, Value};

use super::Settings;
use crate::cli::Cli;

/// The settings file that is read unless another is named.
const FILE: &str = "convene.toml";

/// Variables that are no settings: the file's own name, what one command takes or the build, and what tests hand each other.
const OTHER_VARIABLES: [&str; 4] = ["CONVENE_CONFIG", "CONVENE_GRAPHIQL", "CONVENE_TEST_", "CONVENE_TOKEN"];

/// Reads the command line, the environment and the settings file.
///
/// # Errors
///
/// Fails on what cannot be understood, naming where it stands. A `clap::Error` inside is a matter of the command line: help that
/// was asked for, or wrong use.
pub(crate) fn load() -> anyhow::Result<Cli> {
    refuse_unknown_variables(env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    let arguments: Vec<_> = env::args_os().collect();
    let first = Cli::command().try_get_matches_from(&arguments)?;
    let Some((path, file)) = read_file(first.get_one::<PathBuf>("config").map(PathBuf::as_path))? else {
        return Ok(Cli::from_arg_matches(&first)?);
    };
    let command = with_file(Cli::command(), &path, &file)?;
    Ok(Cli::from_arg_matches(&command.try_get_matches_from(&arguments)?)?)
}

fn read_file(named: Option<&Path>) -> anyhow::Result<Option<(PathBuf, Table)>> {
    let path = named.unwrap_or(Path::new(FILE));
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => return Ok(None),
        text => text.with_context(|| format!("cannot read the settings file {}", path.display()))?,
    };
    let table = text.parse::<Table>().with_context(|| format!("{} is no settings file", path.display()))?;
    Ok(Some((path.to_owned(), table)))
}

/// Puts the values of the file in place of the defaults, so that the same parsers read them, and flags and environment still win.
fn with_file(mut command: Command, path: &Path, file: &Table) -> anyhow::Result<Command> {
    let keys: Vec<String> = setting_arguments().get_arguments().map(|argument| argument.get_id().to_string()).collect();
    for (key, value) in file {
        if !keys.contains(key) {
            bail!("{}: there is no setting \"{key}\"{}", path.display(), nearest(key, keys.iter().map(String::as_str)));
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(_) | Value::Boolean(_) | Value::Float(_) => value.to_string(),
            _ => bail!("{}: \"{key}\" must be a text or a number", path.display()),
        };
        check(key, &text).with_context(|| format!("{}: \"{key}\" cannot be {value}", path.display()))?;
        command = command.mut_arg(key, |argument| argument.default_value(text));
    }
    Ok(command)
}

fn setting_arguments() -> Command {
    <Settings as clap::Args>::augment_args(Command::new("convene").no_binary_name(true))
}

/// Lets the setting's own parser look at a value, without the environment, which would hide it.
fn check(key: &str, value: &str) -> anyhow::Result<()> {
    let flag = format!("--{}={value}", key.replace('_', "-"));
    let parsed: Result<ArgMatches, clap::Error> = setting_arguments().try_get_matches_from([flag]);
    let Err(error) = parsed else { return Ok(()) };
    match (error.kind(), std::error::Error::source(&error)) {
        (ErrorKind::ValueValidation, Some(reason)) => bail!("{reason}"),
        (_, _) => {
            let argument = setting_arguments().get_arguments().find(|it| it.get_id() == key).cloned();
            let possible = argument.map(|it| it.get_possible_values()).unwrap_or_default();
            let possible: Vec<_> = possible.iter().map(|value| value.get_name().to_owned()).collect();
            bail!("it is one of {}", possible.join(", "))
        }
    }
}

/// A misspelt variable would otherwise be ignored in silence.
fn refuse_unknown_variables(names: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let command = setting_arguments();
    let known: Vec<&str> = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str()).collect();
    for name in names.filter(|name| name.starts_with("CONVENE_")) {
        if !known.contains(&name.as_str()) && !OTHER_VARIABLES.iter().any(|other| name.starts_with(other)) {
            bail!("there is no setting for the environment variable {name}{}", nearest(&name, known.iter().copied()));
        }
    }
    Ok(())
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let similarity = |known: &str| strsim::jaro_winkler(name, known);
    let best = known.max_by(|one, other| similarity(one).total_cmp(&similarity(other)));
    best.filter(|best| similarity(best) > 0.7).map(|best| format!(": did you mean {best}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, arguments: &[&str]) -> anyhow::Result<Settings> {
        let table = file.parse::<Table>()?;
        let command = with_file(Cli::command(), Path::new("convene.toml"), &table)?;
        let matches = command.try_get_matches_from([&["convene"], arguments].concat())?;
        Ok(Cli::from_arg_matches(&matches)?.settings)
    }

    fn problem(file: &str) -> String {
        load(file, &[]).err().map(|error| format!("{error:#}")).unwrap_or_default()
    }

    #[test]
    fn the_file_wins_over_defaults_and_flags_over_the_file() {
        let file = "listen = \"0.0.0.0:1\"\nrequest_timeout = 7\nlog_format = \"text\"";
        let settings = load(file, &[]).unwrap();
        assert_eq!((settings.listen.to_string().as_str(), settings.request_timeout), ("0.0.0.0:1", 7));
        assert!(settings.log_format == super::super::LogFormat::Text);
        assert_eq!(load(file, &["serve", "--request-timeout", "8"]).unwrap().request_timeout, 8);
        assert_eq!(load(file, &["--request-timeout", "8", "verify"]).unwrap().request_timeout, 8);
        assert_eq!(load("", &[]).unwrap().database_url, "sqlite://convene.db");
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest_one() {
        assert_eq!(problem("lisen = 1"), "convene.toml: there is no setting \"lisen\": did you mean listen?");
        assert_eq!(problem("config = \"x\""), "convene.toml: there is no setting \"config\"");
        assert_eq!(problem("[server]\nlisten = 1"), "convene.toml: there is no setting \"server\"");
        let variables = |names: &[&str]| refuse_unknown_variables(names.iter().map(|name| (*name).to_owned()));
        assert!(variables(&["CONVENE_LISTEN", "CONVENE_CONFIG", "CONVENE_TEST_POSTGRES", "HOME"]).is_ok());
        let error = variables(&["CONVENE_LISTN"]).unwrap_err().to_string();
        assert_eq!(error, "there is no setting for the environment variable CONVENE_LISTN: did you mean CONVENE_LISTEN?");
    }

    #[test]
    fn wrong_values_are_named_with_file_and_key() {
        assert_eq!(problem("listen = \"here\""), "convene.toml: \"listen\" cannot be \"here\": invalid socket address syntax");
        assert_eq!(
            problem("profile = \"prod\""),
            "convene.toml: \"profile\" cannot be \"prod\": it is one of production, development"
        );
        assert_eq!(problem("request_timeout = 0"), "convene.toml: \"request_timeout\" cannot be 0: 0 is not in 1..=3600");
        assert!(problem("log = \"convene=loud\"").starts_with("convene.toml: \"log\" cannot be \"convene=loud\": "));
        assert_eq!(problem("listen = [1]"), "convene.toml: \"listen\" must be a text or a number");
    }
}
