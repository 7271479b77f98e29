//! Makes `/graphiql`: GraphiQL from its npm packages where Node is present, elsewhere a small page of our own.
//!
//! For want of Node, of a network or of time nothing fails: the small page stands in. All that is written lies in cargo's own folder.

use std::{
    env,
    error::Error,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Says `plain` for the small page even where Node is present.
const CHOICE: &str = "CONVENE_GRAPHIQL";

/// Below `graphiql/`: what the bundle is made of.
const SOURCES: [&str; 7] =
    [".npmrc", "package.json", "package-lock.json", "shared/examples.js", "src/index.html", "src/main.css", "src/main.jsx"];

/// Where the two pages have their parts, and what these are called when they are embedded.
const PLAIN: [(&str, &str); 3] =
    [("plain/index.html", "index.html"), ("plain/main.css", "main.css"), ("plain/main.js", "main.js")];
const BUNDLE: [(&str, &str); 3] = [("src/index.html", "index.html"), ("dist/main.css", "main.css"), ("dist/main.js", "main.js")];

/// Who has a network needs about ten seconds. Whoever waits longer would rather have the small page.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    println!("cargo::rerun-if-env-changed={CHOICE}");
    for (part, _) in PLAIN {
        println!("cargo::rerun-if-changed=graphiql/{part}");
    }
    for source in SOURCES {
        println!("cargo::rerun-if-changed=graphiql/{source}");
    }
    list_operations(&out)?;
    let wanted = env::var(CHOICE).as_deref() != Ok("plain") && is_here("node") && is_here("npm");
    let bundled = wanted && bundle(&out).inspect_err(|error| warn(error.as_ref())).is_ok();
    if !bundled {
        embed(Path::new("graphiql"), &PLAIN, &out)?;
        // So that the next build does not take it for a bundle.
        remove(fs::remove_file(made_of(&out)))?;
    }
    Ok(())
}

/// Writes the example operations and their variables as a Rust array. Cargo then watches the files themselves.
fn list_operations(out: &Path) -> Outcome {
    let folder = "../../schema/operations";
    println!("cargo::rerun-if-changed={folder}");
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut files: Vec<PathBuf> = entries.unwrap_or_default();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "graphql"));
    files.sort();
    let mut list = String::new();
    for file in files {
        let file = file.canonicalize()?;
        let name = file.file_stem().unwrap_or_default().display();
        let variables = file.with_extension("json");
        let variables = if variables.is_file() { format!("include_str!({variables:?})") } else { r#""{}""#.to_owned() };
        list += &format!("    (\"{name}\", include_str!({file:?}), {variables}),\n");
    }
    Ok(fs::write(out.join("operations.rs"), format!("&[\n{list}]\n"))?)
}

fn is_here(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Puts GraphiQL in place, unless it is there already.
fn bundle(out: &Path) -> Outcome {
    let mut sources = Vec::new();
    for source in SOURCES {
        sources.extend(fs::read(Path::new("graphiql").join(source))?);
    }
    if fs::read(made_of(out)).is_ok_and(|before| before == sources) {
        return Ok(());
    }
    let work = out.join("npm");
    remove(fs::remove_dir_all(&work))?;
    for source in SOURCES {
        let copy = work.join(source);
        fs::create_dir_all(copy.parent().unwrap_or(&work))?;
        fs::copy(Path::new("graphiql").join(source), copy)?;
    }
    let deadline = Instant::now() + PATIENCE;
    npm(&["ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"], &work, deadline)?;
    npm(&["run", "bundle"], &work, deadline)?;
    embed(&work, &BUNDLE, out)?;
    // The packages are large, and no other build of ours looks here.
    fs::remove_dir_all(&work)?;
    Ok(fs::write(made_of(out), sources)?)
}

fn npm(arguments: &[&str], work: &Path, deadline: Instant) -> Outcome {
    let log = work.join("npm.log");
    let output = File::create(&log)?;
    let mut npm = Command::new("npm");
    npm.args(arguments).current_dir(work).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let mut npm = npm.spawn()?;
    let told = format!("`npm {}`", arguments.join(" "));
    loop {
        match npm.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => return Err(format!("{told} failed, see {}", log.display()).into()),
            None if Instant::now() > deadline => {
                npm.kill()?;
                npm.wait()?;
                return Err(format!("{told} took longer than {PATIENCE:?}").into());
            }
            None => thread::sleep(POLL),
        }
    }
}

fn embed(from: &Path, page: &[(&str, &str)], out: &Path) -> Outcome {
    let to = out.join("graphiql");
    fs::create_dir_all(&to)?;
    for (part, name) in page {
        fs::copy(from.join(part), to.join(name))?;
    }
    Ok(())
}

/// The sources of the bundle that is in place.
fn made_of(out: &Path) -> PathBuf {
    out.join("made-of")
}

/// What is not there needs no removing.
fn remove(outcome: io::Result<()>) -> io::Result<()> {
    outcome.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn warn(error: &dyn Error) {
    println!("cargo::warning=/graphiql will be the small page, for GraphiQL could not be bundled: {error}");
    println!("cargo::warning=`touch crates/server/build.rs` has the next build try again");
}
