//! The run, top to bottom: connect, edit, lose and reconnect, a flood of edits, a restart.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use super::{
    Gates, Plan,
    plane::Plane,
    policy::{self, Folder},
    sidecars::Sidecars,
    words::{Command, Counts, One, Setup},
};
use crate::bench::{
    clock,
    figure::{Figures, Spread},
};

/// By when whatever is waited for has to be there, however slow the machine.
const LIMIT: Duration = Duration::from_secs(180);
/// By when everybody is back after a restart.
const BACK: f64 = 30.0;
/// Bytes of an update that says only its revision, with room.
const NO_POLICY: f64 = 128.0;
/// Between two edits of the flood: 1,000 in a minute.
const PACE: Duration = Duration::from_millis(60);
/// While edits pour in, one sidecar of so many takes so long over an ack.
const SLOW: Command = Command::Slow { one_of: 10, millis: 700 };

const COMPILATIONS: &str = "outrigger_control_plane_compilations";
const SENT: &str = "outrigger_control_plane_sent_bytes_total";

const PLANE: &str = "control plane";
const FLEET: &str = "sidecars";

struct Run<'a> {
    plan: &'a Plan,
    folder: Folder,
    plane: Plane,
    sidecars: Sidecars,
    figures: &'a mut Figures,
    /// Resident memory before anybody connected, in KiB.
    empty: f64,
    /// With all connected and nothing to do.
    idle: f64,
}

/// Runs `plan`.
///
/// # Errors
///
/// If something that is waited for does not come.
pub(in crate::bench) fn measure(plan: &Plan, figures: &mut Figures) -> Result<()> {
    let here = tempfile::tempdir()?;
    let folder = Folder::create(here.path(), plan.views, plan.routes)?;
    let mut plane = Plane::new(&plan.binary, folder.path(), here.path());
    let namespaces: Vec<String> = (0..plan.sidecars).map(|number| policy::namespace(number % plan.views)).collect();
    let (authority, tokens) = (plane.authority()?, plane.tokens(&namespaces)?);
    plane.start()?;
    let sidecars = namespaces.into_iter().zip(tokens).map(|(namespace, token)| One { namespace, token }).collect();
    let setup = Setup { addr: plane.listen, authority, sidecars };
    let sidecars = Sidecars::start(&plan.program, &setup)?;
    drop(setup);
    thread::sleep(plan.calm);
    let empty = plane.resident()?;
    let mut run = Run { plan, folder, plane, sidecars, figures, empty, idle: empty };
    run.figures.add(PLANE, "resident before anybody connects", "MiB", Spread::of([empty / 1024.0]));
    run.connect()?;
    run.at_rest()?;
    run.edits()?;
    run.reconnect()?;
    run.flood()?;
    run.restart()
}

impl Run<'_> {
    fn all(&self) -> usize {
        self.plan.sidecars
    }

    fn gates(&self) -> Gates {
        self.plan.gates
    }

    /// Everybody comes within a second, holding nothing.
    fn connect(&mut self) -> Result<()> {
        let before = self.cpu()?;
        let began = clock::now().as_secs_f64();
        self.sidecars.tell(Command::Connect)?;
        let all = self.all();
        let counts = self.sidecars.wait("all to hold the policy", LIMIT, |counts| counts.settled == all)?;
        let seconds = counts.last_ack - began;
        let after = self.cpu()?;
        self.add(FLEET, "connect storm: all hold the policy within", "s", seconds);
        self.add(PLANE, "connect storm: CPU", "s", after.0 - before.0);
        self.add(FLEET, "connect storm: CPU", "s", after.1 - before.1);
        self.hold(FLEET, "connect storm: errors", "errors", (counts.lost + counts.faults) as f64, 0.0);
        self.notes(&counts);
        self.add(FLEET, "bytes of policy for each, compressed", "B", counts.bytes as f64 / all as f64);
        self.add(PLANE, "connect storm: highest memory", "MiB", self.plane.peak()? / 1024.0);
        self.same("views not compiled exactly once", self.plane.metric(COMPILATIONS)?, self.plan.views as f64);
        let stale = self.stale()?;
        self.hold(PLANE, "not current by /fleet", "sidecars", stale as f64, 0.0);
        Ok(())
    }

    /// Nothing but pings.
    fn at_rest(&mut self) -> Result<()> {
        thread::sleep(self.plan.calm);
        self.idle = self.plane.resident()?;
        self.each("resident for each idle sidecar")
    }

    fn edits(&mut self) -> Result<()> {
        self.plane.forget_peak()?;
        let compiled = self.plane.metric(COMPILATIONS)?;
        let (times, edits) = (self.timed(1)?, self.plan.edits as f64);
        self.spread("an edit of one view: file to last ack", times);
        let compiled_one = self.plane.metric(COMPILATIONS)?;
        self.same("compilations of edits of one view, by one each", compiled_one - compiled, edits);
        let before = self.cpu()?;
        let times = self.timed(self.plan.views)?;
        let after = self.cpu()?;
        self.spread("an edit of all views: file to last ack", times);
        self.add(PLANE, "an edit of all views: CPU", "s", (after.0 - before.0) / edits);
        self.add(FLEET, "an edit of all views: CPU", "s", (after.1 - before.1) / edits);
        let compiled_all = self.plane.metric(COMPILATIONS)? - compiled_one;
        self.same(
            "compilations of edits of all views, by one for each view",
            compiled_all,
            edits * self.plan.views as f64,
        );
        self.peak("edits")?;
        thread::sleep(self.plan.calm);
        self.each("resident for each idle sidecar, after edits")
    }

    /// Seconds from renaming the file to the last ack, of several edits that concern so many views.
    fn timed(&mut self, views: usize) -> Result<Vec<f64>> {
        let mut times = Vec::new();
        for edit in 0..self.plan.edits {
            // Out of step with the looks at the folder.
            thread::sleep(Duration::from_millis(300 + fastrand::u64(0..250)));
            let view = edit * 7 % self.plan.views;
            let (concerned, acks) = (self.sidecars_of(view, views), self.sidecars.counts()?.acks);
            match views {
                1 => self.folder.edit(view).map(drop)?,
                _ => self.folder.edit_all()?,
            }
            let began = clock::now().as_secs_f64();
            let done = |counts: &Counts| counts.acks >= acks + concerned as u64;
            let counts = self.sidecars.wait("the last ack of an edit", LIMIT, done)?;
            times.push(counts.last_ack - began);
        }
        thread::sleep(Duration::from_millis(500));
        self.agree("an edit")?;
        Ok(times)
    }

    /// How many sidecars `views` views have, of which `view` is one.
    fn sidecars_of(&self, view: usize, views: usize) -> usize {
        if views == 1 { (0..self.all()).filter(|number| number % self.plan.views == view).count() } else { self.all() }
    }

    /// Every connection is lost at one moment, without a restart.
    fn reconnect(&mut self) -> Result<()> {
        self.plane.forget_peak()?;
        let (sent, before) = (self.plane.metric(SENT)?, self.cpu()?);
        let lost = self.sidecars.counts()?.lost;
        let began = clock::now().as_secs_f64();
        self.sidecars.tell(Command::Drop)?;
        self.sidecars.wait("all to drop", LIMIT, |counts| counts.settled == 0)?;
        let all = self.all();
        let counts = self.sidecars.wait("all to come back", LIMIT, |counts| counts.settled == all)?;
        let after = self.cpu()?;
        self.hold(FLEET, "all drop and come back: within", "s", counts.last_ack - began, BACK);
        self.add(PLANE, "all drop and come back: CPU", "s", after.0 - before.0);
        self.add(FLEET, "all drop and come back: CPU", "s", after.1 - before.1);
        let errors = counts.lost - lost + counts.faults;
        self.hold(FLEET, "all drop and come back: errors", "errors", errors as f64, 0.0);
        self.notes(&counts);
        let bytes = (self.plane.metric(SENT)? - sent) / all as f64;
        self.hold(PLANE, "all drop and come back: bytes of policy for each", "B", bytes, NO_POLICY);
        self.peak("all drop and come back")?;
        thread::sleep(self.plan.calm);
        self.each("resident for each idle sidecar, after all dropped and came back")
    }

    /// One view is edited without a pause.
    fn flood(&mut self) -> Result<()> {
        self.plane.forget_peak()?;
        self.sidecars.look()?;
        self.sidecars.tell(SLOW)?;
        let (view, compiled, before) = (3, self.plane.metric(COMPILATIONS)?, self.plane.cpu()?);
        let (edits, began) = (self.plan.flood, Instant::now());
        let mut mark = 0;
        for edit in 0..edits {
            mark = self.folder.edit(view)?;
            thread::sleep((began + PACE * (edit + 1)).saturating_duration_since(Instant::now()));
        }
        let written = clock::now().as_secs_f64();
        self.add(FLEET, "a flood of edits of one view: edits", "", f64::from(edits));
        self.add(FLEET, "a flood of edits of one view: over", "s", began.elapsed().as_secs_f64());
        let namespace = policy::namespace(view);
        let mut updates = 0;
        let all = self.sidecars_of(view, 1);
        let ended = loop {
            let held = self.sidecars.look()?.remove(&namespace).unwrap_or_default();
            updates += held.most_updates;
            if held.marks.get(&mark) == Some(&all) {
                break clock::now().as_secs_f64();
            }
            ensure!(clock::now().as_secs_f64() - written < 30.0, "the last edit did not come to everybody: {held:?}");
            thread::sleep(Duration::from_millis(20));
        };
        let last = ended - written;
        self.hold(FLEET, "a flood of edits: the last one is everywhere after", "s", last, self.gates().most_seconds);
        let per_edit = updates as f64 / f64::from(edits);
        self.hold(FLEET, "a flood of edits: updates for each sidecar, by edits", "x", per_edit, 0.5);
        self.add(
            PLANE,
            "a flood of edits: CPU, by time",
            "x",
            (self.plane.cpu()? - before) / (ended - written + began.elapsed().as_secs_f64()),
        );
        let compiled = (self.plane.metric(COMPILATIONS)? - compiled) / f64::from(edits);
        self.hold(PLANE, "a flood of edits: compilations by edits", "x", compiled, 0.5);
        // Slow ones among them have an ack to send still.
        thread::sleep(Duration::from_secs(1));
        let counts = self.sidecars.counts()?;
        self.hold(FLEET, "most updates of a stream without an ack", "updates", counts.most_pending as f64, 1.0);
        self.hold(FLEET, "faults", "faults", counts.faults as f64, 0.0);
        self.agree("a flood of edits")?;
        self.peak("a flood of edits")
    }

    /// The control plane is killed and started again.
    fn restart(&mut self) -> Result<()> {
        self.sidecars.tell(Command::Slow { one_of: usize::MAX, millis: 0 })?;
        let before = self.sidecars.cpu()?;
        let began = clock::now().as_secs_f64();
        self.plane.kill();
        self.sidecars.wait("all to lose it", LIMIT, |counts| counts.settled == 0)?;
        self.plane.start()?;
        let ready = clock::now().as_secs_f64();
        let all = self.all();
        let counts = self.sidecars.wait("all to come back", LIMIT, |counts| counts.settled == all)?;
        self.add(PLANE, "restart: ready again after", "s", ready - began);
        self.hold(FLEET, "restart: all are back after", "s", counts.last_ack - began, BACK);
        self.add(PLANE, "restart: CPU", "s", self.plane.cpu()?);
        self.add(FLEET, "restart: CPU", "s", self.sidecars.cpu()? - before);
        self.hold(FLEET, "restart: faults", "faults", counts.faults as f64, 0.0);
        let bytes = self.plane.metric(SENT)? / all as f64;
        self.hold(PLANE, "restart: bytes of policy for each", "B", bytes, NO_POLICY);
        self.same(
            "views not compiled exactly once after the restart",
            self.plane.metric(COMPILATIONS)?,
            self.plan.views as f64,
        );
        self.peak("restart")?;
        self.agree("a restart")?;
        thread::sleep(self.plan.calm);
        self.each("resident for each idle sidecar, after a restart")
    }

    /// All sidecars of a view hold the same, and the control plane says that it is what they should.
    fn agree(&mut self, behind: &str) -> Result<()> {
        let views = self.sidecars.look()?;
        let differing = views.values().filter(|held| held.revisions.len() != 1).count();
        let stale = self.stale()?;
        self.hold(FLEET, &format!("holding something else behind {behind}"), "", (differing + stale) as f64, 0.0);
        Ok(())
    }

    /// Sidecars that do not hold what they should by the control plane's own account, once the last acks have come to it.
    fn stale(&self) -> Result<usize> {
        let mut stale = 0;
        for _ in 0..20 {
            stale = self.all().saturating_sub(self.plane.current()?);
            if stale == 0 {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(stale)
    }

    /// Seconds of CPU of the control plane and of the sidecars.
    fn cpu(&self) -> Result<(f64, f64)> {
        Ok((self.plane.cpu()?, self.sidecars.cpu()?))
    }

    fn each(&mut self, what: &str) -> Result<()> {
        let kib = (self.plane.resident()? - self.empty) / self.all() as f64;
        self.hold(PLANE, what, "KiB", kib, self.gates().kib);
        Ok(())
    }

    fn peak(&mut self, during: &str) -> Result<()> {
        let times = self.plane.peak()? / self.idle;
        self.hold(PLANE, &format!("{during}: highest memory by idle"), "x", times, self.gates().peak);
        Ok(())
    }

    fn spread(&mut self, what: &str, times: Vec<f64>) {
        let most = times.iter().copied().fold(0.0, f64::max);
        let Gates { median_seconds, most_seconds, .. } = self.gates();
        self.figures.hold(FLEET, what, "s", Spread::of(times), median_seconds);
        self.hold(FLEET, &format!("{what}, the slowest"), "s", most, most_seconds);
    }

    /// Holds that `found` is what was expected: how far it is from that is the figure.
    fn same(&mut self, what: &str, found: f64, expected: f64) {
        self.hold(PLANE, what, "", (found - expected).abs(), 0.0);
    }

    fn add(&mut self, of: &str, what: &str, unit: &'static str, value: f64) {
        self.figures.add(of, what, unit, Spread::of([value]));
    }

    fn hold(&mut self, of: &str, what: &str, unit: &'static str, value: f64, reach: f64) {
        self.figures.hold(of, what, unit, Spread::of([value]), reach);
    }

    fn notes(&mut self, counts: &Counts) {
        let new: Vec<String> = counts.said.iter().filter(|said| !self.figures.notes.contains(said)).cloned().collect();
        self.figures.notes.extend(new);
    }
}
