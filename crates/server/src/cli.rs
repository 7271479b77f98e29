//! The command line.

use std::path::PathBuf;

use axum::http::Uri;
use clap::{Args, Parser, Subcommand};
use convene_domain::{
    access::{Audience, Role, Verb},
    id::{AccountId, TokenId, Within},
    text::Text,
};

use crate::{
    commands::subscribe::{Place, endpoint},
    settings::Settings,
};

/// Convene: one GraphQL service over many communities of practice.
///
/// Without a command it serves, and brings the database up to date first.
#[derive(Parser)]
#[command(name = "convene", version, propagate_version = true, subcommand_help_heading = "Commands")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,

    /// The settings file, which must then exist. Otherwise convene.toml in the working directory is read if there is one.
    #[arg(long, value_name = "FILE", env = "CONVENE_CONFIG", global = true)]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Answer requests until told to stop (the default)
    Serve,
    /// Serve a sample network from a database of its own
    Demo,
    /// Follow the gathering reports of a network or community, over whatever interruptions
    Subscribe(SubscribeArgs),
    /// Read a folder of CSV files into the database, all or nothing
    Import(ImportArgs),
    /// Write everything in the database into a folder of CSV files
    Export(ExportArgs),
    /// Make, list and revoke tokens, which those who write sign in with
    Token(TokenArgs),
    /// See to it that there is an administrator
    Admin(AdminArgs),
    /// Change the version of the database's tables, or show it
    Migrate(MigrateArgs),
    /// Compute the stored totals again from the records, and report what differs
    Verify,
    /// Print the GraphQL schema
    Schema(SchemaArgs),
    /// Print every setting with its documentation and default, as a settings file
    Config,
}

/// Arguments of `subscribe`.
#[derive(Args)]
pub(crate) struct SubscribeArgs {
    /// The id of a network or community, the slug of a network, or both slugs: `network/community`
    pub(crate) place: Place,
    /// The address of the service, which has to be reached without TLS
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/graphql", value_parser = endpoint)]
    pub(crate) url: Uri,
    /// Who you are; without it you see what is public
    #[arg(long, value_name = "TOKEN", env = "CONVENE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Go on after this cursor instead of now
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
    /// Print each change, and each checkpoint, as a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `import`.
#[derive(Args)]
pub(crate) struct ImportArgs {
    /// The folder that holds the files
    pub(crate) dir: PathBuf,
    /// Check everything and report what would change, but change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Who may read reports that do not say themselves; without it, a new one is for members and others stay as they are
    #[arg(long, value_name = "MEMBERS|NETWORK|PUBLIC")]
    pub(crate) audience: Option<Audience>,
    /// Let the files win over records that were changed here since the last import
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Arguments of `export`.
#[derive(Args)]
pub(crate) struct ExportArgs {
    /// The folder to write into
    pub(crate) dir: PathBuf,
    /// Write only the network with this slug
    #[arg(long, value_name = "SLUG")]
    pub(crate) network: Option<String>,
}

/// Arguments of `token`.
#[derive(Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

/// What to do with tokens.
#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print its secret, which is shown only this once
    Create {
        /// Whom or what it is for, such as "Field team Nakuru"
        #[arg(long, value_parser = token_name)]
        name: Text,
        /// Where it may be used: the id of a network (net_...) or of a community (com_...) with all under it; without it,
        /// everywhere
        #[arg(long, visible_alias = "network", value_name = "ID")]
        within: Option<Within>,
        /// Its role there; without it, the highest that there is: ADMIN, or COORDINATOR in a community
        #[arg(long, value_name = "MEMBER|FACILITATOR|COORDINATOR|ADMIN", value_parser = role)]
        role: Option<Role>,
        /// What it may be used for, whatever its role
        #[arg(long, value_name = "VERBS", value_delimiter = ',', default_value = "READ,WRITE,MANAGE", value_parser = verb)]
        verbs: Vec<Verb>,
        /// For how many days it is valid; without it, until it is revoked
        #[arg(long, visible_alias = "expires", value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
    },
    /// List all tokens, without their secrets
    List,
    /// Revoke a token: whoever uses it is turned away from then on
    Revoke {
        /// The token's id
        #[arg(value_name = "TOKEN_ID")]
        id: TokenId,
    },
}

/// A name that fits on a line of the list.
fn token_name(name: &str) -> Result<Text, String> {
    if name.chars().count() > 100 || name.contains(char::is_control) {
        return Err("a name is one line of at most 100 characters".to_owned());
    }
    name.parse().map_err(|reason: convene_domain::Invalid| reason.to_string())
}

/// A verb of a token, in any case.
fn verb(text: &str) -> Result<Verb, convene_domain::Invalid> {
    text.trim().to_ascii_uppercase().parse()
}

/// A role, in any case.
fn role(text: &str) -> Result<Role, convene_domain::Invalid> {
    text.to_ascii_uppercase().parse()
}

/// Arguments of `admin`.
#[derive(Args)]
pub(crate) struct AdminArgs {
    #[command(subcommand)]
    pub(crate) command: AdminCommand,
}

/// What to do about administrators.
#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// Print a secret which, for an hour, makes whoever shows it first the administrator of this instance
    Link,
    /// List who administers the whole instance, and who did
    List,
    /// Take it from an account to administer the whole instance; `link` makes another one when it was the last
    Revoke {
        /// The account's id (acc_...)
        account: AccountId,
    },
}

/// Arguments of `migrate`.
#[derive(Args)]
pub(crate) struct MigrateArgs {
    #[command(subcommand)]
    pub(crate) direction: Migrate,
}

/// What to do with the tables.
#[derive(Subcommand, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Migrate {
    /// Apply every step that is missing
    Up,
    /// Take back the last step
    Down,
    /// List the steps and whether they are applied
    Status,
}

/// Arguments of `schema`.
#[derive(Args)]
pub(crate) struct SchemaArgs {
    /// Print it as a federation subgraph
    #[arg(long)]
    pub(crate) federation: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
