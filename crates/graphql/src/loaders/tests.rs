use convene_domain::{
    access::{Audience, Caller},
    community::Level,
    id::CommunityId,
    report::ReportStatus,
};

use crate::fixture::{Told, World, statements};

/// A nation with so many regions, each with two cities that held two gatherings each and reported them.
async fn nation(regions: usize) -> World {
    let world = World::new().await;
    let nation = world.communities(Level::National, None, ["kenya"]).await;
    let names = (0..regions).map(|n| format!("region-{n:02}"));
    let regions = world.communities(Level::Regional, Some(nation[0]), names).await;
    let mut cities = Vec::new();
    for (n, region) in regions.iter().enumerate() {
        cities.extend(world.communities(Level::City, Some(*region), [format!("east-{n:02}"), format!("west-{n:02}")]).await);
    }
    let hosts: Vec<[CommunityId; 1]> = cities.iter().map(|city| [*city]).collect();
    let held: Vec<_> =
        hosts.iter().flat_map(|host| ["2026-05-01", "2026-06-01"].map(|day| (host.as_slice(), "Monthly", day))).collect();
    let held = world.gatherings(&held).await;
    let told: Vec<_> = held
        .into_iter()
        .map(|gathering| Told {
            gathering,
            audience: Audience::Public,
            status: ReportStatus::Submitted,
            challenges: &["Wells are dry", "Roads are closed"],
        })
        .collect();
    world.reports(&told).await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nested_lists_cost_one_statement_a_level_whatever_the_number_of_parents() {
    let query = |world: &World| {
        format!(
            r#"{{ communities(within: "{}", filter: {{ levels: [REGIONAL] }}, first: 50) {{ nodes {{
              formerSlugs network {{ slug }} parent {{ slug }} ancestors {{ slug }}
              gatherings(first: 1) {{ totalCount nodes {{ id }} }}
              children(first: 2) {{ totalCount nodes {{
                slug gatherings(first: 2, orderBy: OLDEST_FIRST) {{ nodes {{
                  hosts {{ slug }} agenda {{ title }} invitations {{ group {{ code }} }}
                  report {{
                    attendanceParts {{ people }} outcomes {{ code }} functions {{ code }}
                    items(kinds: [CHALLENGE]) {{ text theme {{ term {{ label }} }} }} gathering {{ title }}
                  }}
                }} }}
              }} }}
            }} }} }}"#,
            world.network
        )
    };
    let mut counts = Vec::new();
    for regions in [2, 50] {
        let world = nation(regions).await;
        let (data, statements) = statements(world.data(query(&world))).await;
        let nodes = data["communities"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), regions);
        for region in nodes {
            assert_eq!((&region["gatherings"]["totalCount"], &region["children"]["totalCount"]), (&4.into(), &2.into()));
            for city in region["children"]["nodes"].as_array().unwrap() {
                assert_eq!(city["gatherings"]["nodes"].as_array().unwrap().len(), 2);
                assert_eq!(city["gatherings"]["nodes"][1]["report"]["items"][1]["theme"]["term"]["label"], "water");
            }
        }
        counts.push(statements.len());
        // The regions themselves; for them former slugs, network, parent, ancestors, gatherings and their total,
        // children and their total; the children's gatherings; for those hosts and the communities they are, agenda,
        // invitations and report; for the reports attendance, tags, items, their vocabulary and gathering.
        assert_eq!(statements.len(), 20, "{statements:#?}");
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test]
async fn fields_with_other_arguments_are_statements_of_their_own() {
    let world = nation(3).await;
    let query = format!(
        r#"{{ communities(within: "{}", filter: {{ levels: [REGIONAL] }}) {{ nodes {{
          all: gatherings {{ nodes {{ id }} }} same: gatherings {{ nodes {{ title }} }}
          may: gatherings(filter: {{ window: {{ from: "2026-05-01", to: "2026-06-01" }} }}) {{ nodes {{ id }} }}
        }} }} }}"#,
        world.network
    );
    let (data, statements) = statements(world.data(query)).await;
    assert_eq!(statements.len(), 3, "{statements:#?}");
    let region = &data["communities"]["nodes"][0];
    let count = |field: &str| region[field]["nodes"].as_array().unwrap().len();
    assert_eq!((count("all"), count("same"), count("may")), (4, 4, 2));
}

/// Sums of months are read in one statement, after the place with what is beneath it, and where its log ended, in another.
#[tokio::test]
async fn numbers_cost_two_statements_whatever_the_number_of_groups() {
    let world = nation(5).await;
    let query = format!(
        r#"{{ communities(within: "{}", filter: {{ levels: [NATIONAL, REGIONAL] }}) {{ nodes {{ id level }} }} }}"#,
        world.network
    );
    let data = world.data(query).await;
    let nodes = data["communities"]["nodes"].as_array().unwrap();
    let of =
        |level: &str| -> Vec<String> { nodes.iter().filter(|it| it["level"] == level).map(|it| it["id"].to_string()).collect() };
    let numbers = "metrics { metric values numerators denominators }";
    let window = r#"window: { from: "2026-01-01", to: "2027-01-01" }"#;
    let activity = format!(
        "{{ activity(within: {}, {window}, bucket: MONTH, groupBy: [CHILD], metrics: [GATHERINGS_HELD, REPORTS, CHALLENGES]) {{ \
         cursor series {{ key {{ code label }} {numbers} }} total {{ {numbers} }} }} }}",
        of("NATIONAL")[0]
    );
    let (data, read) = statements(world.data(activity)).await;
    assert_eq!(read.len(), 2, "{read:#?}");
    let found = &data["activity"];
    assert_eq!(found["series"].as_array().unwrap().len(), 5);
    assert_eq!(found["series"][0]["metrics"][2]["values"][4], 4, "two cities, one gathering each in May, two challenges each");
    let comparison = format!(
        "{{ comparison(communities: [{}], {window}, metrics: [GATHERINGS_HELD, REPORTS, CHALLENGES]) {{ compared {{ code }} metrics {{ values ranks }} }} }}",
        of("REGIONAL").join(", ")
    );
    let (data, read) = statements(world.data(comparison)).await;
    assert_eq!(read.len(), 2, "{read:#?}");
    assert_eq!(data["comparison"]["metrics"][0]["values"], serde_json::json!([4, 4, 4, 4, 4]));
}

/// Each level is one statement: the communities, their sites and how many those are, the newest assessments, all of them, and the
/// communities of the sites.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn work_sites_of_many_communities_cost_as_many_statements_as_those_of_one() {
    for regions in [2, 50] {
        let world = World::new().await;
        let nation = world.communities(Level::National, None, ["kenya"]).await;
        let regions = world.communities(Level::Regional, Some(nation[0]), (0..regions).map(|n| format!("region-{n:02}"))).await;
        let mutation =
            "mutation($add: AddWorkSiteInput!) { addWorkSite(input: $add) { workSite { id } userErrors { message } } }";
        let assess = "mutation($assess: AssessWorkSiteInput!) { assessWorkSite(input: $assess) { userErrors { message } } }";
        for region in &regions {
            for name in ["Clinic", "Shelter"] {
                let key = format!("{name} of {region}");
                let add = serde_json::json!({ "add": { "community": region.to_string(), "name": name, "audience": "PUBLIC", "idempotencyKey": key } });
                let added = world.send(Caller::Operator, mutation, add).await;
                let site = &added["data"]["addWorkSite"]["workSite"]["id"];
                let found = serde_json::json!({ "assess": { "workSite": site, "assessedOn": "2026-05-01", "need": "HIGH", "source": "Survey", "idempotencyKey": key } });
                let assessed = world.send(Caller::Operator, assess, found).await;
                assert_eq!(assessed["data"]["assessWorkSite"]["userErrors"], serde_json::json!([]), "{added} {assessed}");
            }
        }
        let query = format!(
            r#"{{ communities(within: "{}", filter: {{ levels: [REGIONAL] }}, first: 50) {{ nodes {{
              workSites(first: 1) {{ totalCount nodes {{
                name community {{ slug }} assessment(asOf: "2026-05-03") {{ ageDays }} assessments(asOf: "2026-05-03") {{ need }}
              }} }} }} }} }}"#,
            world.network
        );
        let (data, statements) = statements(world.data(query)).await;
        for region in data["communities"]["nodes"].as_array().unwrap() {
            let sites = &region["workSites"];
            assert_eq!((&sites["totalCount"], sites["nodes"].as_array().unwrap().len()), (&2.into(), 1), "{sites}");
            assert_eq!((&sites["nodes"][0]["name"], &sites["nodes"][0]["assessment"]["ageDays"]), (&"Clinic".into(), &2.into()));
            assert_eq!(sites["nodes"][0]["assessments"], serde_json::json!([{ "need": "HIGH" }]));
        }
        assert_eq!(statements.len(), 6, "{statements:#?}");
    }
}
