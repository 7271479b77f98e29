//! The `convene` binary: settings, command line, transports.

mod cli;
mod commands;
mod http;
mod meters;
mod serve;
mod settings;
mod sign_in;
mod telemetry;

use std::{io, process::ExitCode};

use crate::{
    cli::{Cli, Command},
    settings::Settings,
};

/// What scripts see when the command line or a setting cannot be understood, and nothing was tried.
const MISUSE: u8 = 2;

fn main() -> ExitCode {
    let Cli { settings, command, .. } = match settings::load() {
        Ok(cli) => cli,
        Err(error) => return misuse(error),
    };
    let settings = if matches!(command, Some(Command::Demo)) { settings.quieter() } else { settings };
    telemetry::start(&settings);
    meters::start();
    let result = tokio::runtime::Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        let result = runtime.block_on(run(&settings, command.unwrap_or(Command::Serve)));
        // What ran past its grace is not waited for.
        runtime.shutdown_background();
        result
    });
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(settings: &Settings, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => {
            commands::migrate::up(settings).await?;
            serve::serve(settings, |_| Ok(())).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Config => {
            settings::print(&mut io::stdout().lock())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo => commands::demo::run(settings).await,
        Command::Subscribe(arguments) => commands::subscribe::run(arguments).await,
        Command::Import(arguments) => commands::import::run(settings, arguments).await,
        Command::Export(arguments) => commands::export::run(settings, arguments).await,
        Command::Token(arguments) => commands::token::run(settings, arguments).await,
        Command::Admin(arguments) => commands::admin::run(settings, arguments).await,
        Command::Migrate(arguments) => commands::migrate::run(settings, arguments).await,
        Command::Verify => commands::verify::run(settings).await,
        Command::Schema(arguments) => commands::schema::run(settings, arguments).await,
    }
}

/// Reports wrong use. clap prints its own errors, and the help, which is none.
fn misuse(error: anyhow::Error) -> ExitCode {
    match error.downcast::<clap::Error>() {
        Ok(error) => {
            // Nobody is left to tell when the terminal is gone.
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(MISUSE) } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(MISUSE)
        }
    }
}
