//! `convene demo`: a sample network, served from a database of its own that goes when the demo ends.

use std::{fs, net::SocketAddr, path::Path, process::ExitCode};

use anyhow::Context;
use convene_application::exchange::ImportOptions;

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

/// A query that shows communities and what their newest reports say. The tests run it as it is printed.
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
    fill(&settings, folder.path()).await?;
    serve::serve(&settings, |address| answer(&welcome(address))).await?;
    Ok(ExitCode::SUCCESS)
}

async fn fill(settings: &Settings, folder: &Path) -> anyhow::Result<()> {
    let files = folder.join("samples");
    fs::create_dir(&files).context("cannot write the sample")?;
    for (name, text) in SAMPLE {
        fs::write(files.join(name), text).context("cannot write the sample")?;
    }
    migrate::up(settings).await?;
    let app = open(settings).await?;
    let options = ImportOptions { dry_run: false, audience: None, overwrite: false };
    import::import(&app, &files, options).await.context("cannot import the sample")?;
    Ok(app.close().await?)
}

fn welcome(address: SocketAddr) -> String {
    format!(
        "\nConvene serves a sample network of communities of practice: http://{address}/graphql\n\n\
         Paste this into another terminal:\n\n\
         curl --silent http://{address}/graphql --header 'content-type: application/json' --data '{{\"query\":\"{QUERY}\"}}'\n\n\
         Ctrl-C ends the demo and removes its database.\n"
    )
}
