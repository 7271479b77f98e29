//! Which of our crates may know which, and which libraries stay out of which layer.

use anyhow::{Result, bail};

use super::workspace::Package;

struct Layer {
    name: &'static str,
    may_use: &'static [&'static str],
    /// Each name stands for its family too: `axum` also keeps `axum-extra` out.
    never: &'static [&'static str],
}

/// Lowest first.
const LAYERS: [Layer; 9] = [
    Layer { name: "convene-domain", may_use: &[], never: &["sea-orm", "sqlx", "async-graphql", "axum", "redis", "tokio"] },
    Layer { name: "convene-migrations", may_use: &[], never: &["async-graphql", "axum", "redis"] },
    Layer { name: "convene-persistence", may_use: &["convene-domain"], never: &["async-graphql", "axum", "redis"] },
    Layer { name: "convene-live", may_use: &["convene-domain"], never: &["sea-orm", "sqlx", "async-graphql", "axum"] },
    Layer {
        name: "convene-application",
        may_use: &["convene-domain", "convene-persistence", "convene-live"],
        never: &["sea-orm", "sqlx", "async-graphql", "axum", "redis"],
    },
    Layer {
        name: "convene-graphql",
        may_use: &["convene-domain", "convene-application"],
        never: &["sea-orm", "sqlx", "axum", "redis"],
    },
    Layer {
        name: "convene-server",
        may_use: &[
            "convene-domain",
            "convene-migrations",
            "convene-persistence",
            "convene-live",
            "convene-application",
            "convene-graphql",
        ],
        never: &[],
    },
    // It sees the service as its clients do; the database only for the statements that it compares with.
    Layer { name: "convene-bench", may_use: &[], never: &["async-graphql"] },
    Layer { name: "xtask", may_use: &[], never: &[] },
];

pub(super) fn check(packages: &[Package]) -> Result<()> {
    let faults: Vec<String> = packages.iter().flat_map(|package| faults(package, packages)).collect();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn faults(package: &Package, packages: &[Package]) -> Vec<String> {
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == package.name) else {
        let place = file!();
        return vec![format!("{} has no layer yet: give it one in {place}", package.name)];
    };
    package
        .dependencies
        .iter()
        .filter(|dependency| {
            let ours = packages.iter().any(|package| package.name == **dependency);
            if ours {
                !layer.may_use.contains(&dependency.as_str())
            } else {
                layer.never.iter().any(|family| belongs(dependency, family))
            }
        })
        .map(|dependency| format!("{} must not depend on {dependency}", package.name))
        .collect()
}

fn belongs(dependency: &str, family: &str) -> bool {
    dependency.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            folder: String::new(),
            dependencies: dependencies.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn downward_edges_and_free_libraries_pass() {
        let packages =
            [package("convene-domain", &["chrono", "serde"]), package("convene-persistence", &["convene-domain", "sea-orm"])];
        assert!(check(&packages).is_ok());
    }

    #[test]
    fn an_upward_edge_fails() {
        let packages = [package("convene-domain", &["convene-persistence"]), package("convene-persistence", &[])];
        let error = check(&packages).unwrap_err().to_string();
        assert_eq!(error, "convene-domain must not depend on convene-persistence");
    }

    #[test]
    fn a_skipped_layer_fails() {
        let packages = [package("convene-graphql", &["convene-persistence"]), package("convene-persistence", &[])];
        assert!(check(&packages).is_err());
    }

    #[test]
    fn a_forbidden_library_fails_with_its_family() {
        for library in ["tokio", "tokio-stream"] {
            assert!(check(&[package("convene-domain", &[library])]).is_err(), "{library}");
        }
        assert!(check(&[package("convene-domain", &["tokiox"])]).is_ok());
    }

    #[test]
    fn a_crate_without_a_layer_fails() {
        assert!(check(&[package("convene-extra", &[])]).is_err());
    }
}
