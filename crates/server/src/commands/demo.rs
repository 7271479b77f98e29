//! `convene demo`: a sample network, served from a database of its own that goes when the demo ends, and in which
//! something happens.

mod client;
mod trickle;

use std::{env, fs, net::SocketAddr, path::Path, process::ExitCode};

use anyhow::Context;
use chrono::Utc;
use convene_application::{
    exchange::ImportOptions,
    tokens::{self, NewToken},
};

use self::client::Client;
use crate::{
    commands::{answer, import, migrate, open},
    serve,
    settings::{Profile, Settings},
};

/// The files of `samples`, so that the demo needs nothing but the program.
const SAMPLE: [(&str, &str); 12] = [
    ("networks.csv", include_str!("../../../../samples/networks.csv")),
    ("vocabulary.csv", include_str!("../../../../samples/vocabulary.csv")),
    ("communities.csv", include_str!("../../../../samples/communities.csv")),
    ("community_profiles.csv", include_str!("../../../../samples/community_profiles.csv")),
    ("aliases.csv", include_str!("../../../../samples/aliases.csv")),
    ("gatherings.csv", include_str!("../../../../samples/gatherings.csv")),
    ("agenda.csv", include_str!("../../../../samples/agenda.csv")),
    ("invitations.csv", include_str!("../../../../samples/invitations.csv")),
    ("reports.csv", include_str!("../../../../samples/reports.csv")),
    ("attendance.csv", include_str!("../../../../samples/attendance.csv")),
    ("items.csv", include_str!("../../../../samples/items.csv")),
    ("report_tags.csv", include_str!("../../../../samples/report_tags.csv")),
];

/// The network of the sample.
const NETWORK: &str = "mending-table";

/// A query that shows communities and what their newest reports say. The tests run it, and what follows, as printed.
const QUERY: &str = "{ networks { nodes { name communities(filter: { levels: [NATIONAL] }) { nodes { name \
    gatheringReports(first: 2) { totalCount nodes { attendance gathering { title startDate hosts { name } } \
    items(kinds: [NEED, NEXT_STEP]) { kind text } } } } } } } }";

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let folder = tempfile::Builder::new().prefix("convene-demo-").tempdir().context("cannot make a folder for the demo")?;
    let mut settings = settings.clone();
    settings.database_url = format!("sqlite://{}", folder.path().join("convene.db").display());
    // A sample is nobody else's business.
    settings.redis_url = None;
    settings.profile = Profile::Development;
    let token = fill(&settings, folder.path()).await?;
    let show = |address| {
        // It talks to the service as everyone else does, which is about to answer.
        tokio::spawn(async move {
            if let Err(error) = happen(Client::new(address, token)).await {
                tracing::warn!(error = format!("{error:#}"), "nothing happens in the demo any more");
            }
        });
        Ok(())
    };
    serve::serve(&settings, show).await?;
    Ok(ExitCode::SUCCESS)
}

/// Fills the database, and makes a token.
async fn fill(settings: &Settings, folder: &Path) -> anyhow::Result<String> {
    let files = folder.join("samples");
    fs::create_dir(&files).context("cannot write the sample")?;
    for (name, text) in SAMPLE {
        fs::write(files.join(name), text).context("cannot write the sample")?;
    }
    migrate::up(settings).await?;
    let app = open(settings).await?;
    let options = ImportOptions { dry_run: false, audience: None, overwrite: false };
    import::import(&app, &files, options).await.context("cannot import the sample")?;
    let (_, secret) =
        tokens::create(&app, NewToken::everything("Demo".parse()?), Utc::now()).await.context("cannot make a token")?;
    app.close().await?;
    Ok(secret)
}

/// Prints what can be done, and then lets something happen for ever.
async fn happen(mut client: Client) -> anyhow::Result<()> {
    let network = trickle::Network::find(&mut client, NETWORK).await?;
    let gathering = network.held(&mut client, "Evening circle: yours to report").await?;
    answer(&welcome(client.address(), client.token(), &gathering))?;
    network.live(&mut client).await;
    Ok(())
}

fn welcome(address: SocketAddr, token: &str, gathering: &str) -> String {
    let post = format!("curl --silent http://{address}/graphql --header 'content-type: application/json'");
    let mutation = format!(
        "mutation {{ submitGatheringReport(input: {{ idempotencyKey: \\\"my first report\\\", gathering: \\\"{gathering}\\\", \
         audience: PUBLIC, attendance: 14, items: [{{ kind: NEED, text: \\\"A second room\\\" }}] }}) \
         {{ report {{ id status gathering {{ title }} }} userErrors {{ code message field }} }} }}"
    );
    format!(
        "\nConvene serves a sample network of communities of practice, in which someone reports every few seconds.\n\n\
         GraphQL      http://{address}/graphql\n\
         In a browser http://{address}/graphiql\n\
         Token        {token}   (for those who write: --header 'authorization: Bearer ...')\n\n\
         Follow the reports of a network, or of one of its communities and all under it, in another terminal:\n\n\
         {program} subscribe {NETWORK} --url http://{address}/graphql\n\n\
         which runs this subscription, and goes on where it was when the service was away:\n\n\
         {subscription}\n\
         Ask what was reported:\n\n\
         {post} --data '{{\"query\":\"{QUERY}\"}}'\n\n\
         Report something yourself, and see it arrive where you follow:\n\n\
         {post} --header 'authorization: Bearer {token}' --data '{{\"query\":\"{mutation}\"}}'\n\n\
         Ctrl-C ends the demo and removes its database.\n",
        program = program(),
        subscription = super::subscribe::SUBSCRIPTION,
    )
}

/// How to start this program again.
fn program() -> String {
    match (env::var_os("CARGO"), env::current_exe()) {
        (Some(_), _) => "cargo run --".to_owned(),
        (None, Ok(path)) => path.display().to_string(),
        (None, Err(_)) => "convene".to_owned(),
    }
}
