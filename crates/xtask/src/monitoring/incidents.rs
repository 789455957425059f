//! Runbooks, followed: something goes wrong, the alert fires, every query of its page has an answer about whom it names, what
//! the page says to do is done, and the alert ends.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, ensure};

use super::{
    alerts::{ALERTS, Alert},
    ask::asked,
    fleet::{Edit, Fleet, Script},
    mode::Clock,
    pair,
    patience::until,
    programs::Programs,
    runbooks,
    server::{Sample, Server},
    told::Told,
};

/// Until an alert fires or ends: a window of rates, how long it lasts, and some evaluations.
const WITHIN: Duration = Duration::from_secs(150);

/// Something that goes wrong, and how it is mended.
struct Incident {
    says: &'static str,
    begin: fn(&Fleet) -> Result<()>,
    /// What the pages say to do.
    mend: fn(&Fleet) -> Result<()>,
    alerts: &'static [Seen],
}

/// An alert that fires meanwhile.
struct Seen {
    name: &'static str,
    /// Of whom it tells: one of those for which it fires.
    about: &'static [(&'static str, &'static str)],
    /// What its page's queries bring to light: a label of a series that is not zero.
    finds: (&'static str, &'static str),
}

const NEW_KEY: &str = "sk-new";
/// Once the first is mended.
const MENDED: Edit = Edit { first_is_last: true, priced: true, ..Edit::NONE };

const INCIDENTS: [Incident; 2] = [
    Incident {
        says: "a provider is down, and a model has no price: the first goes to the end of all routes, the other gets prices",
        begin: |fleet| fleet.turn(0, "fail", r#"{"status": 503}"#),
        mend: |fleet| {
            fleet.edit(MENDED)?;
            // Nobody waits for a provider that is down any more.
            until(WITHIN, || fleet.ask())
        },
        alerts: &[
            Seen {
                name: "OutriggerProviderDown",
                about: &[("provider", "shop/acme")],
                finds: ("outcome", "overloaded"),
            },
            Seen { name: "OutriggerUnpriced", about: &[("namespace", "search")], finds: ("model", "own-gpu/llama") },
        ],
    },
    Incident {
        says: "a key was revoked, and the source of policy is empty: it is there again, with a good key in its Secret",
        begin: |fleet| {
            fleet.turn(0, "ok", "")?;
            fleet.turn(1, "key", &format!(r#"{{"key": "{NEW_KEY}"}}"#))?;
            fleet.empty()
        },
        mend: |fleet| {
            fleet.edit(Edit { key: NEW_KEY, ..MENDED })?;
            until(WITHIN, || fleet.ask())
        },
        alerts: &[
            Seen {
                name: "OutriggerKeyRefused",
                about: &[("provider", "search/globex")],
                finds: ("outcome", "unauthorized"),
            },
            Seen {
                name: "OutriggerPolicyHeld",
                about: &[],
                finds: ("__name__", "outrigger_control_plane_policy_stale"),
            },
        ],
    },
];

/// All of them, one after the other, in a fleet of their own, as a server of each mode sees them.
///
/// # Errors
///
/// If something does not start.
pub(crate) fn all(programs: &Programs, told: &mut Told) -> Result<()> {
    let fleet = &Fleet::start()?;
    let servers = &pair::of(programs, fleet, Clock::PATIENT)?;
    let traffic = fleet.traffic(&Script::STEADY);
    for incident in &INCIDENTS {
        told.say(&format!("\n{}", incident.says));
        (incident.begin)(fleet)?;
        for seen in incident.alerts {
            let alert = alert(seen.name)?;
            for (mode, server) in servers {
                let labels = until(WITHIN, || fires(server, seen));
                let what = format!("{} fires, metrics.from: {}", seen.name, mode.word());
                let found = labels.and_then(|labels| followed(server, alert, &labels, seen, told));
                told.check(&what, found);
            }
        }
        let mended = (incident.mend)(fleet);
        told.check("what its pages say to do is done, and every caller is answered", mended);
        for seen in incident.alerts {
            for (mode, server) in servers {
                let over = until(WITHIN, || {
                    let left = server.firing(seen.name)?;
                    ensure!(left.is_empty(), "it fires still: {left:?}");
                    Ok(())
                });
                told.check(&format!("{} ends, metrics.from: {}", seen.name, mode.word()), over);
            }
        }
    }
    told.say(&format!("\n{} requests", traffic.stop()));
    Ok(())
}

/// The labels with which it fires for whom it is to tell of.
fn fires(server: &Server, seen: &Seen) -> Result<BTreeMap<String, String>> {
    let firing = server.firing(seen.name)?;
    let about = |labels: &BTreeMap<String, String>| {
        seen.about.iter().all(|(label, value)| labels.get(*label).is_some_and(|it| it == value))
    };
    let told = format!("it fires for {firing:?}");
    firing.into_iter().find(about).context(told)
}

/// Whether every query of its page has an answer, and they bring to light what it is.
fn followed(
    server: &Server,
    alert: &Alert,
    labels: &BTreeMap<String, String>,
    seen: &Seen,
    told: &mut Told,
) -> Result<()> {
    let queries = runbooks::queries_of(alert, labels, Clock::PATIENT)?;
    let (label, value) = seen.finds;
    let shows = |sample: &Sample| sample.value > 0.0 && sample.labels.get(label).is_some_and(|it| it == value);
    let mut found = false;
    for query in &queries {
        asked(server, "(followed)", alert.name, query, told);
        found |= server.query(query)?.iter().any(shows);
    }
    ensure!(found, "nothing of {queries:?} shows {label} {value}");
    Ok(())
}

fn alert(name: &str) -> Result<&'static Alert> {
    ALERTS.iter().find(|alert| alert.name == name).with_context(|| format!("there is no alert {name}"))
}
