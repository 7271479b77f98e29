//! Broken files: each is refused with file, line, column and reason, and changes nothing.

use std::{fs, path::Path};

use crate::{
    export::{export, files},
    on_both,
    program::{project, run, succeed},
};

/// What is done to the sample's files, and what has to be said of it.
struct Broken {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    said: &'static str,
}

const fn broken(file: &'static str, from: &'static str, to: &'static str, said: &'static str) -> Broken {
    Broken { file, from, to, said }
}

const BROKEN: &[Broken] = &[
    // The shape of a file.
    broken(
        "communities.csv",
        "slug,name",
        "slug,nome",
        "communities.csv, line 1, column nome: is not a column of this file; the nearest is name",
    ),
    broken("communities.csv", "slug,name", "slug,slug", "communities.csv, line 1, column slug: is there twice"),
    broken("communities.csv", "slug,name,level", "slug,level,name_", "communities.csv, line 1, column name: is missing"),
    broken("gatherings.csv", "g-2024-0002,", "g-2024-0002,,", "gatherings.csv, line 3: has 14 fields, the header has 13"),
    broken("gatherings.csv", "g-2024-0002,", "", "gatherings.csv, line 3: has 12 fields, the header has 13"),
    // Values.
    broken(
        "communities.csv",
        "kenya,Kenya,NATIONAL",
        "kenya,Kenya,CONTINENTAL",
        "communities.csv, line 4, column level: \"CONTINENTAL\" is no level",
    ),
    broken("communities.csv", "kenya,Kenya,NATIONAL", "kenya,,NATIONAL", "communities.csv, line 4, column name: is empty"),
    broken(
        "communities.csv",
        "kenya,Kenya,NATIONAL",
        "ke nya,Kenya,NATIONAL",
        "communities.csv, line 4, column slug: \"ke nya\" is not a slug",
    ),
    broken("communities.csv", "Africa/Nairobi", "Africa/Wakanda", "column timezone: \"Africa/Wakanda\" is not a time zone"),
    broken("communities.csv", ",OPEN,", ",ASLEEP,", "column status: \"ASLEEP\" is no community status"),
    broken(
        "communities.csv",
        "-14.235,",
        "-94.235,",
        "communities.csv, line 2, column latitude: \"-94.235\" is not a latitude from -90 to 90",
    ),
    broken("communities.csv", "-14.235,", "north,", "column latitude: \"north\" is not a number"),
    broken("communities.csv", "-14.235,", "NaN,", "column latitude: \"NaN\" is not a number"),
    broken("communities.csv", "-14.235,", ",", "column latitude: is empty, but longitude is not"),
    broken("communities.csv", "2015-07-04", "2015-02-30", "column founded_on: \"2015-02-30\" is not a day"),
    broken("communities.csv", ",264,", ",-264,", "column members: \"-264\" is not a number of people"),
    broken("communities.csv", ",264,", ",2.5,", "column members: \"2.5\" is not a whole number"),
    broken("communities.csv", ",BR,", ",bra,", "column country: \"bra\" is not a country code"),
    broken(
        "communities.csv",
        "FREQ=YEARLY;BYMONTH=10",
        "now and then",
        "column cadence: \"now and then\" is not a recurrence rule",
    ),
    broken("networks.csv", "en;pt", "en;portuguese language", "networks.csv, line 2, column languages: "),
    broken(
        "vocabulary.csv",
        "PARTICIPANT_ROLE,MASTER_FACILITATOR",
        "PARTICIPANT_ROLE,master",
        "vocabulary.csv, line 2, column code: \"master\" is not a code",
    ),
    broken("vocabulary.csv", ",false", ",no", "column retired: \"no\" is neither true nor false"),
    broken("gatherings.csv", ",HELD,", ",DONE,", "column status: \"DONE\" is no gathering status"),
    broken("gatherings.csv", ",IN_PERSON,", ",in person,", "column format: \"in person\" is no format"),
    broken("gatherings.csv", "T10:00:00", "T25:00:00", "column starts_at: "),
    broken("reports.csv", ",PUBLIC", ",WORLD", "column audience: \"WORLD\" is no audience"),
    broken("items.csv", ",ACTIVITY,", ",DEED,", "column kind: \"DEED\" is no kind of item"),
    // References and keys.
    broken(
        "communities.csv",
        ",kenya,mending-table",
        ",narnia,mending-table",
        "column parent_slug: \"narnia\" names no community of the network",
    ),
    broken("communities.csv", ",kenya,mending-table", ",nairobi,mending-table", "is CITY, which is not above"),
    broken(
        "communities.csv",
        ",mending-table,BR",
        ",table,BR",
        "communities.csv, line 2, column network_slug: \"table\" names no network",
    ),
    broken(
        "communities.csv",
        "indonesia,Indonesia,NATIONAL",
        "kenya,Indonesia,NATIONAL",
        "column slug: \"kenya\" is there already, on line 3",
    ),
    broken("aliases.csv", "humber", "nairobi", "aliases.csv, line 2, column alias: \"nairobi\" is the slug of another community"),
    broken(
        "gatherings.csv",
        "g-2024-0002,",
        "g-2024-0001,",
        "gatherings.csv, line 3, column external_id: \"g-2024-0001\" is there already, on line 2",
    ),
    broken("reports.csv", ",g-2024-0001,", ",g-1999-0001,", "column gathering_external_id: \"g-1999-0001\" names no gathering"),
    broken("agenda.csv", "g-2024-0001,2,", "g-2024-0001,1,", "column order: \"1\" is there twice for the same record"),
    broken(
        "agenda.csv",
        "g-2024-0001,1,",
        "g-0000-0001,1,",
        "agenda.csv, line 2, column gathering_external_id: \"g-0000-0001\" names no gathering of gatherings.csv",
    ),
    broken(
        "attendance.csv",
        "MASTER_FACILITATOR",
        "GRAND_MASTER",
        "column role: \"GRAND_MASTER\" is not in the network's vocabulary of kind PARTICIPANT_ROLE",
    ),
    broken("report_tags.csv", "DESIRED_OUTCOME", "THEME", "column kind: \"THEME\" is neither DESIRED_OUTCOME nor FUNCTION"),
];

fn broken_sample(broken: &Broken) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files(&project("samples")) {
        let mut text = String::from_utf8(bytes).expect("text");
        if name == broken.file {
            assert!(text.contains(broken.from), "{name} has {:?}", broken.from);
            text = text.replacen(broken.from, broken.to, 1);
        }
        fs::write(folder.path().join(name), text).expect("writes");
    }
    folder
}

fn refused(address: &str, folder: &Path) -> String {
    let output = run(address, &["import", folder.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("faults; nothing was imported"), "{said}");
    said
}

async fn each_fault_is_named_and_nothing_changes(address: String) {
    succeed(&address, &["import", project("samples").to_str().expect("a path")]);
    let before = export(&address);
    for broken in BROKEN {
        let said = refused(&address, broken_sample(broken).path());
        assert!(said.contains(broken.said), "{:?} for {:?}: {said}", broken.to, broken.from);
        // What is wrong in one place is not said again of every row that depends on it; only a key that
        // is gone leaves others without their record.
        let lost = broken.said.contains("is there already");
        assert!(lost || said.lines().count() <= 4, "{said}");
    }
    assert!(export(&address) == before, "nothing changed");
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(each_fault_is_named_and_nothing_changes);

/// Files of a small network, some of them as given.
fn small(given: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let files: [(&str, &[u8]); 4] = [
        ("networks.csv", b"slug,name\ncare,Care\n"),
        ("communities.csv", b"slug,name,level,network_slug\nharbour,Harbour,CITY,care\nhill,Hill,REGIONAL,care\n"),
        ("gatherings.csv", b"external_id,community_slug,title,starts_at,status\ng1,harbour,First,2026-03-01,HELD\n"),
        ("reports.csv", b"gathering_external_id\ng1\n"),
    ];
    for (name, bytes) in files.iter().chain(given) {
        fs::write(folder.path().join(name), bytes).expect("writes");
    }
    folder
}

#[test]
fn small_files_are_refused_for_what_the_sample_does_not_have() {
    let database = tempfile::tempdir().expect("a folder");
    let address = format!("sqlite://{}", database.path().join("convene.db").display());
    let gathering = |row: &str| format!("external_id,community_slug,title,starts_at,ends_at,status\n{row}\n");
    let long = format!("external_id,community_slug,title,starts_at,status\ng1,harbour,{},2026-03-01,HELD\n", "x".repeat(65_537));
    let many = format!("external_id,community_slug,title,starts_at,status\n{}", "g1,nowhere,First,2026-03-01,HELD\n".repeat(300));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("gatherings.csv", b"".to_vec(), "gatherings.csv: is empty"),
        (
            "networks.csv",
            b"slug,name\ncare,C\xFFre\n".to_vec(),
            "networks.csv, line 2, column name: \"C\u{fffd}re\" is not UTF-8",
        ),
        ("networks.csv", b"slug,name\ncare,\"Ca\0re\"\n".to_vec(), "contains a NUL character"),
        ("gatherings.csv", long.into_bytes(), "is 65537 bytes long, more than 65536"),
        (
            "gatherings.csv",
            gathering("g1,harbour,First,2026-03-01T18:00,,HELD").into(),
            "has no offset, and the community has no time zone",
        ),
        (
            "gatherings.csv",
            gathering("g1,harbour,First,2026-03-02,2026-03-01,HELD").into(),
            "column ends_at: \"2026-03-01\" is before the start",
        ),
        (
            "gatherings.csv",
            gathering("g1,harbour;harbour,First,2026-03-02,,HELD").into(),
            "column community_slug: \"harbour;harbour\" names a community twice",
        ),
        ("gatherings.csv", gathering("g1,harbour;moon,First,2026-03-02,,HELD").into(), "names no community: \"moon\""),
        ("gatherings.csv", gathering("g1,,First,2026-03-02,,HELD").into(), "column community_slug: is empty"),
        (
            "gatherings.csv",
            gathering("\"g\n1\",harbour,First,2026-03-02,,HELD\ng2,harbour,,2026-03-02,,HELD").into(),
            "line 4, column title: is empty",
        ),
        (
            "reports.csv",
            b"gathering_external_id\ng1\ng1\n".to_vec(),
            "line 3, column gathering_external_id: \"g1\" is there already, on line 2",
        ),
        (
            "gatherings.csv",
            gathering("g1,;,First,2026-03-02,,HELD").into(),
            "column community_slug: \";\" has nothing before, between or after a ';'",
        ),
        (
            "gatherings.csv",
            gathering("g1,harbour,\"First,2026-03-02,,HELD\ng2,harbour,Second,2026-03-03,,HELD").into(),
            "gatherings.csv, line 2, column title: begins with a quote that is never closed",
        ),
        (
            "gatherings.csv",
            gathering("g1,harbour,\"First\" one,2026-03-02,,HELD").into(),
            "gatherings.csv, line 2, column title: goes on after its closing quote",
        ),
        (
            "attendance.csv",
            b"report_external_id,people,organisation\ng1-report,11000000,Harbour\n".to_vec(),
            "attendance.csv, line 2, column people: \"11000000\" is not a number of people",
        ),
        (
            "vocabulary.csv",
            b"network_slug,kind,code,label,order\ncare,THEME,A,a,2147483647\ncare,THEME,B,b,\n".to_vec(),
            "vocabulary.csv, line 2, column order: \"2147483647\" is not a place from 1 to 999999",
        ),
        ("gatherings.csv", many.into_bytes(), "and 399 more"),
    ];
    for (name, bytes, said) in cases {
        let folder = small(&[(name, &bytes)]);
        let text = refused(&address, folder.path());
        assert!(text.contains(said), "{said}: {text}");
    }
    // A community cannot lose the level that those under it need.
    succeed(
        &address,
        &[
            "import",
            small(&[(
                "communities.csv",
                b"slug,name,level,network_slug,parent_slug\nharbour,Harbour,CITY,care,hill\nhill,Hill,REGIONAL,care,\n",
            )])
            .path()
            .to_str()
            .expect("a path"),
        ],
    );
    let folder = small(&[]);
    fs::write(folder.path().join("communities.csv"), "slug,name,level,network_slug\nhill,Hill,CITY,care\n").expect("writes");
    assert!(
        refused(&address, folder.path())
            .contains("line 2, column level: \"CITY\" is not above the CITY communities that stand under it")
    );

    // Keys and figures that collide with what is stored are faults of the file, with their line.
    let more = "external_id,community_slug,title,starts_at,status\ng1,harbour,First,2026-03-01,HELD\ng2,harbour,Second,2026-03-02,HELD\n";
    let first = "gathering_external_id,external_id,attendance\ng1,r1,9\n";
    let parts = "report_external_id,people,organisation\nr1,5,Harbour\n";
    let aliases = "community_slug,alias\nharbour,port\n";
    let communities = "slug,name,level,network_slug\nharbour,Harbour,CITY,care\n";
    let all: [(&str, &[u8]); 5] = [
        ("gatherings.csv", more.as_bytes()),
        ("reports.csv", first.as_bytes()),
        ("attendance.csv", parts.as_bytes()),
        ("aliases.csv", aliases.as_bytes()),
        ("communities.csv", communities.as_bytes()),
    ];
    succeed(&address, &["import", small(&all).path().to_str().expect("a path")]);
    let only = |name: &str, text: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(name), text).expect("writes");
        folder
    };
    let text = refused(&address, only("reports.csv", "gathering_external_id,external_id\ng2,r1\n").path());
    assert!(text.contains("reports.csv, line 2, column external_id: \"r1\" is the key of another gathering's report"), "{text}");
    let text = refused(&address, only("reports.csv", "gathering_external_id,external_id,attendance\ng1,r1,3\n").path());
    assert!(text.contains("reports.csv, line 2, column attendance: \"3\" has parts that do not fit"), "{text}");
    let twice = "slug,name,level,network_slug\nharbour,Harbour,CITY,care\nport,Port,CITY,care\n";
    let text = refused(&address, only("communities.csv", twice).path());
    assert!(text.contains("communities.csv, line 3, column slug: \"port\" is there already, on line 2"), "{text}");

    let empty = tempfile::tempdir().expect("a folder");
    assert!(refused(&address, empty.path()).contains("holds none of the files of an import"));
    assert!(refused(&address, Path::new("/nowhere/at/all")).contains("cannot be read"));
    let audience = run(&address, &["import", empty.path().to_str().expect("a path"), "--audience", "EVERYONE"]);
    assert_eq!(audience.status.code(), Some(2));
}

/// A byte order mark, columns in another order, other line ends and quotes are no faults.
#[test]
fn what_spreadsheets_write_is_read() {
    let database = tempfile::tempdir().expect("a folder");
    let address = format!("sqlite://{}", database.path().join("convene.db").display());
    let folder = small(&[(
        "communities.csv",
        "\u{feff}network_slug,\"name\",level,slug\r\ncare,\"Harbour, \"\"the\"\" old\",CITY,harbour\r\n".as_bytes(),
    )]);
    succeed(&address, &["import", folder.path().to_str().expect("a path")]);
    let (_, communities) = export(&address).into_iter().find(|(name, _)| name == "communities.csv").expect("is there");
    assert!(String::from_utf8_lossy(&communities).contains("harbour,\"Harbour, \"\"the\"\" old\",CITY,,care,"));
}
