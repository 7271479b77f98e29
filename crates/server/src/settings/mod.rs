//! The settings: one struct is the flags, the environment, the settings file and the documentation.
//!
//! A flag wins over the environment, that over the file, and that over the default.

mod document;
mod load;

use std::{net::SocketAddr, num::NonZeroU32};

use clap::{ArgAction, Args, ValueEnum, value_parser};

use crate::http::Origins;

use crate::sign_in::{FirstAdmin, Issuers};

pub(crate) use self::{document::print, load::load};

/// Settings of every command.
///
/// It has no `Debug`, for the database's URL may hold a password.
#[derive(Args, Clone)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Settings {
    /// The database: `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/NAME`
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        default_value = "sqlite://convene.db",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) database_url: String,

    /// How many connections to the database may be open at once
    #[arg(long, global = true, env = "CONVENE_DATABASE_CONNECTIONS", default_value = "10", value_name = "NUMBER")]
    pub(crate) database_connections: NonZeroU32,

    /// Redis, which tells other processes at once what this one wrote: `redis://HOST`; without it they are not told
    #[arg(long, global = true, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) redis_url: Option<String>,

    /// Whose tokens (JSON Web Tokens) are taken, separated by commas: the URL of an OIDC issuer, a space, and the audience of
    /// its tokens, as in `https://id.example.org convene`
    #[arg(long, global = true, env = "CONVENE_OIDC_ISSUERS", default_value = "", value_name = "ISSUER AUDIENCE, ...")]
    pub(crate) oidc_issuers: Issuers,

    /// Who becomes administrator when they sign in, if there never was one: the URL of their issuer, a space, and what it
    /// calls them (`sub`)
    #[arg(long, global = true, env = "CONVENE_FIRST_ADMIN", default_value = "", value_name = "ISSUER SUBJECT")]
    pub(crate) first_admin: FirstAdmin,

    /// The address and port to serve on; port 0 takes any free one
    #[arg(long, global = true, env = "CONVENE_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,

    /// Whether clients may explore the schema (development) or only use it (production)
    #[arg(long, global = true, env = "CONVENE_PROFILE", default_value = "production", value_enum)]
    pub(crate) profile: Profile,

    /// How long an operation may take, in seconds, once its request was read; a body may take as long to arrive, but 30 s at most
    #[arg(long, global = true, env = "CONVENE_REQUEST_TIMEOUT", default_value = "30", value_parser = value_parser!(u64).range(1..=3_600), value_name = "SECONDS")]
    pub(crate) request_timeout: u64,

    /// The largest body of a request, in bytes
    #[arg(long, global = true, env = "CONVENE_BODY_LIMIT", default_value = "1048576", value_parser = value_parser!(u32).range(1_024..), value_name = "BYTES")]
    pub(crate) body_limit: u32,

    /// What one operation may cost: about how many fields its answer can hold
    #[arg(long, global = true, env = "CONVENE_QUERY_COST_LIMIT", default_value = "50000", value_parser = value_parser!(u64).range(1..), value_name = "COST")]
    pub(crate) query_cost_limit: u64,

    /// Whether any web page may have its visitors send queries with GET; else GET needs the hash of a query, or a header
    #[arg(long, global = true, env = "CONVENE_GET_QUERIES", default_value = "false", action = ArgAction::Set, value_name = "BOOLEAN")]
    pub(crate) get_queries: bool,

    /// The origins whose web pages may ask, with commas between them: `https://dashboard.example,https://map.example`
    #[arg(long, global = true, env = "CONVENE_CORS_ORIGINS", default_value = "", value_parser = str::parse::<Origins>, value_name = "ORIGINS")]
    pub(crate) cors_origins: Origins,

    /// What an address without a token may ask for in a minute, as cost; 0 is no limit; auto is 300000, but none for this machine
    #[arg(long, global = true, env = "CONVENE_RATE_ANONYMOUS", default_value = "auto", value_parser = per_minute, value_name = "COST")]
    pub(crate) rate_anonymous: PerMinute,

    /// What an account with its tokens may ask for in a minute, or a token of an operator, as cost; 0 is no limit; auto is 1200000, but none for this machine
    #[arg(long, global = true, env = "CONVENE_RATE_SIGNED_IN", default_value = "auto", value_parser = per_minute, value_name = "COST")]
    pub(crate) rate_signed_in: PerMinute,

    /// How many proxies stand in front: the address of a caller is what the first of them wrote into `x-forwarded-for`
    #[arg(long, global = true, env = "CONVENE_TRUSTED_PROXIES", default_value = "0", value_parser = value_parser!(u8).range(0..=10), value_name = "NUMBER")]
    pub(crate) trusted_proxies: u8,

    /// How many connections may be open at once; more are told to try again later
    #[arg(long, global = true, env = "CONVENE_CONNECTION_LIMIT", default_value = "20000", value_parser = value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub(crate) connection_limit: u32,

    /// How many operations may run at once on one WebSocket
    #[arg(long, global = true, env = "CONVENE_SOCKET_OPERATION_LIMIT", default_value = "100", value_parser = value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub(crate) socket_operation_limit: u32,

    /// The largest message that a WebSocket may send, in bytes
    #[arg(long, global = true, env = "CONVENE_SOCKET_MESSAGE_LIMIT", default_value = "262144", value_parser = value_parser!(u32).range(1_024..), value_name = "BYTES")]
    pub(crate) socket_message_limit: u32,

    /// How many messages a WebSocket may send in a second; after a pause, as many at once
    #[arg(long, global = true, env = "CONVENE_SOCKET_MESSAGE_RATE", default_value = "2000", value_parser = value_parser!(u32).range(1..), value_name = "NUMBER")]
    pub(crate) socket_message_rate: u32,

    /// How long a WebSocket may take to say who it is (`connection_init`), in seconds
    #[arg(long, global = true, env = "CONVENE_SOCKET_INIT_TIMEOUT", default_value = "3", value_parser = value_parser!(u64).range(1..=3_600), value_name = "SECONDS")]
    pub(crate) socket_init_timeout: u64,

    /// How often a WebSocket is asked for a sign of life, in seconds
    #[arg(long, global = true, env = "CONVENE_SOCKET_PING_INTERVAL", default_value = "20", value_parser = value_parser!(u64).range(1..=3_600), value_name = "SECONDS")]
    pub(crate) socket_ping_interval: u64,

    /// How long a WebSocket may give no sign of life, in seconds; more than the time between two questions for one
    #[arg(long, global = true, env = "CONVENE_SOCKET_IDLE_TIMEOUT", default_value = "60", value_parser = value_parser!(u64).range(1..=86_400), value_name = "SECONDS")]
    pub(crate) socket_idle_timeout: u64,

    /// How long running requests may go on after the service was told to stop, in seconds
    #[arg(long, global = true, env = "CONVENE_SHUTDOWN_GRACE", default_value = "20", value_parser = value_parser!(u64).range(0..=3_600), value_name = "SECONDS")]
    pub(crate) shutdown_grace: u64,

    /// How long a change stays in the log of its network at least, in days
    #[arg(long, global = true, env = "CONVENE_LOG_KEEP_DAYS", default_value = "7", value_parser = value_parser!(u16).range(0..=36_500), value_name = "DAYS")]
    pub(crate) log_keep_days: u16,

    /// How many of the newest changes stay in the log of each network at least, however old they are
    #[arg(long, global = true, env = "CONVENE_LOG_KEEP_CHANGES", default_value = "1000000", value_parser = value_parser!(u32).range(1_000..), value_name = "NUMBER")]
    pub(crate) log_keep_changes: u32,

    /// The form of the log, which is written to standard error
    #[arg(long, global = true, env = "CONVENE_LOG_FORMAT", default_value = "json", value_enum)]
    pub(crate) log_format: LogFormat,

    /// What is logged: error, warn, info, debug or trace, also by module, such as `info,convene=debug`
    #[arg(long, global = true, env = "CONVENE_LOG", default_value = LOG, value_parser = log_filter, value_name = "FILTER")]
    pub(crate) log: String,
}

/// What is logged when nobody says.
const LOG: &str = "info,async_graphql=warn,sea_orm_migration=warn,sqlx=warn";

impl Settings {
    /// Logs for someone who looks on, unless they said what they want to see: in the demo something happens all the time.
    pub(crate) fn quieter(mut self) -> Self {
        if self.log == LOG {
            "warn,convene::serve=info".clone_into(&mut self.log);
            self.log_format = LogFormat::Text;
        }
        self
    }
}

/// Who the service is for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Clients that know the schema: introspection is closed, and errors give no hints
    Production,
    /// Developers: introspection is open, and errors suggest names
    Development,
}

/// The form of the log.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One JSON object a line
    Json,
    /// Lines for people
    Text,
}

/// What may be asked for in a minute, if that was said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PerMinute(pub(crate) Option<u64>);

fn per_minute(text: &str) -> Result<PerMinute, String> {
    match text {
        "auto" => Ok(PerMinute(None)),
        number => number.parse().map(|number| PerMinute(Some(number))).map_err(|_| "it is a number, or auto".to_owned()),
    }
}

/// Keeps the text, for the filter itself cannot be cloned, but only if it is one.
fn log_filter(text: &str) -> Result<String, tracing_subscriber::filter::ParseError> {
    tracing_subscriber::EnvFilter::builder().parse(text).map(|_| text.to_owned())
}
