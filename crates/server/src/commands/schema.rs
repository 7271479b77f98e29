//! `convene schema`: the GraphQL schema as text.

use std::process::ExitCode;

use crate::{cli::SchemaArgs, commands::answer, settings::Settings};

pub(crate) async fn run(_settings: &Settings, arguments: SchemaArgs) -> anyhow::Result<ExitCode> {
    answer(&convene_graphql::sdl(arguments.federation))?;
    Ok(ExitCode::SUCCESS)
}
