//! The servers that the tests need, as data. The shell snippets see these variables:
//! `BIN` (folder of the programs), `DIR` (a private folder that is removed afterwards), `PORT`
//! (on 127.0.0.1), `PASSWORD`, and for containers `ENGINE` and `NAME`.

#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Names a running server to use instead, and tells the tests where the server is.
    pub(crate) variable: &'static str,
    pub(crate) image: &'static str,
    /// Ends with `exec`, so that the process we watch is the server's own.
    pub(crate) in_container: &'static str,
    /// What a folder must hold to be taken for the server's.
    pub(crate) programs: &'static [&'static str],
    /// Debian keeps some servers out of PATH, in `<here>/<version>/bin`.
    pub(crate) versions: Option<&'static str>,
    /// The package of Debian and its relatives.
    pub(crate) package: &'static str,
    /// Who runs it when we are root.
    pub(crate) user: &'static str,
    /// Ends with `exec`, for the same reason.
    pub(crate) local: &'static str,
    /// Ends the process `$service`. Nothing is worth saving, so the quickest way is the best.
    pub(crate) stop: &'static str,
    /// `{password}` and `{port}` are filled in.
    pub(crate) url: &'static str,
    /// A server that answers these bytes with that byte takes commands. An open port alone says
    /// little: Postgres listens while it recovers, and a container engine before the server does.
    pub(crate) probe: &'static [u8],
    pub(crate) answer: u8,
}

pub(crate) const CATALOGUE: [Kind; 2] = [
    Kind {
        name: "Postgres",
        variable: "CONVENE_TEST_POSTGRES_URL",
        image: "docker.io/library/postgres:15",
        in_container: r#"export POSTGRES_PASSWORD="$PASSWORD"
            exec "$ENGINE" run --rm --name "$NAME" --publish "127.0.0.1:$PORT:5432" \
                --env POSTGRES_PASSWORD --env POSTGRES_INITDB_ARGS='--encoding=UTF8 --locale=C.UTF-8' \
                docker.io/library/postgres:15 -c max_connections=200"#,
        programs: &["initdb", "postgres"],
        versions: Some("/usr/lib/postgresql"),
        package: "postgresql",
        user: "postgres",
        local: r#"printf '%s' "$PASSWORD" >password
            "$BIN/initdb" --pgdata=data --username=postgres --pwfile=password --auth=password \
                --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions || exit
            exec "$BIN/postgres" -D data -p "$PORT" -c listen_addresses=127.0.0.1 \
                -c unix_socket_directories= -c max_connections=200"#,
        stop: r#"kill -s QUIT "$service""#,
        url: "postgres://postgres:{password}@127.0.0.1:{port}/postgres",
        // The start of a session for the user postgres; `R` asks for the password.
        probe: b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0",
        answer: b'R',
    },
    Kind {
        name: "Redis",
        variable: "CONVENE_TEST_REDIS_URL",
        image: "docker.io/library/redis:7",
        in_container: r#"exec "$ENGINE" run --rm --name "$NAME" --publish "127.0.0.1:$PORT:6379" \
                docker.io/library/redis:7 redis-server --save '' --appendonly no"#,
        programs: &["redis-server"],
        versions: None,
        package: "redis-server",
        user: "redis",
        local: r#"exec "$BIN/redis-server" --bind 127.0.0.1 --port "$PORT" --save '' --appendonly no"#,
        stop: r#"kill -s KILL "$service""#,
        url: "redis://127.0.0.1:{port}",
        probe: b"PING\r\n",
        answer: b'+',
    },
];

#[cfg(test)]
mod tests {
    use super::CATALOGUE;

    #[test]
    fn the_postgres_probe_states_its_own_length() {
        let [postgres, _] = CATALOGUE;
        let (length, _) = postgres.probe.split_first_chunk::<4>().unwrap();
        assert_eq!(u32::from_be_bytes(*length) as usize, postgres.probe.len());
    }

    #[test]
    fn a_container_runs_the_image_that_was_fetched() {
        for kind in &CATALOGUE {
            assert!(kind.in_container.contains(kind.image), "{}", kind.name);
        }
    }
}
