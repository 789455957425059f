//! Which replica writes: the holder of one Lease.
//!
//! As client-go does it: no clock is compared with another. Whoever waits measures by its own clock since when the Lease has
//! not changed; whoever holds it stops by its own clock, counted from before its last renewal was asked for, long before
//! anybody else may begin.

mod machine;

use std::time::Duration;

use k8s_openapi::{api::coordination::v1::Lease as Record, jiff::Timestamp};
use kube_client::{Api, Client, Error, api::PostParams};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::Instant,
};

use machine::{Answer, Ask, Machine};

/// That of the control plane, in its own namespace.
pub const CONTROL_PLANE: &str = "outrigger-control-plane";
/// That of the injector, there too.
pub const INJECTOR: &str = "outrigger-injector";
/// How long a call may take.
const CALL: Duration = Duration::from_secs(3);
/// How long whoever writes has to see that it is over, before another is let in.
const LEAVE: Duration = Duration::from_millis(200);

/// One replica's part in the election. Dropped, it leads no more, and another does within a quarter of a minute.
#[derive(Debug)]
pub struct Lease {
    leading: watch::Receiver<bool>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Lease {
    /// Takes part in the election by the Lease `name`, as `holder`, which no other process is called, in a task of its own.
    pub fn contend(client: Client, namespace: &str, name: &'static str, holder: String) -> Self {
        let (send, leading) = watch::channel(false);
        let (stop, stopped) = oneshot::channel();
        let api = Api::<Record>::namespaced(client, namespace);
        let began = Instant::now();
        let keeper = Keeper { api, name, machine: Machine::new(namespace, name, holder), send, began };
        Self { leading, stop: Some(stop), task: tokio::spawn(keeper.keep(stopped)) }
    }

    /// Whether this replica is the one.
    pub fn leading(&self) -> watch::Receiver<bool> {
        self.leading.clone()
    }

    /// Gives it back, so that another need not wait; takes at most three seconds.
    pub async fn release(mut self) {
        drop(self.stop.take());
        let _ = (&mut self.task).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The sender goes with the task; who still listens is told first.
        self.task.abort();
    }
}

/// A name that no other process has: the pod's (or the machine's) and a random number.
pub fn holder(host: &str, random: u64) -> String {
    format!("{host}_{random:016x}")
}

struct Keeper {
    api: Api<Record>,
    name: &'static str,
    machine: Machine,
    send: watch::Sender<bool>,
    began: Instant,
}

impl Keeper {
    async fn keep(mut self, mut stopped: oneshot::Receiver<()>) {
        loop {
            let at = self.began + self.machine.next(fastrand::f64());
            if self.unless_over(tokio::time::sleep_until(at), &mut stopped).await.is_none() {
                break;
            }
            let (ask, started) = (self.machine.ask(Timestamp::now(), self.began.elapsed()), self.began.elapsed());
            let asking = call(self.api.clone(), self.name, ask);
            let Some(answer) = self.unless_over(asking, &mut stopped).await else { break };
            self.machine.answered(answer, started, self.began.elapsed());
            self.tell();
        }
        self.send.send_replace(false);
        if let Some(ask) = self.machine.release() {
            tokio::time::sleep(LEAVE).await;
            let _ = call(self.api.clone(), self.name, ask).await;
        }
    }

    /// What `future` gives; `None` if it is told to stop before. Meanwhile the time to lead may run out.
    async fn unless_over<T>(
        &mut self,
        future: impl Future<Output = T>,
        stopped: &mut oneshot::Receiver<()>,
    ) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            let leading = *self.send.borrow();
            let end = self.began + self.machine.until().unwrap_or_default();
            tokio::select! {
                biased;
                _ = &mut *stopped => return None,
                () = tokio::time::sleep_until(end), if leading => self.tell(),
                done = &mut future => return Some(done),
            }
        }
    }

    fn tell(&self) {
        let leads = self.machine.leads(self.began.elapsed());
        let changed = self.send.send_if_modified(|leading| std::mem::replace(leading, leads) != leads);
        if changed {
            tracing::info!(leads, "which replica writes status has changed");
        }
    }
}

async fn call(api: Api<Record>, name: &str, ask: Ask) -> Answer {
    let asked = async {
        match &ask {
            Ask::Get => api.get(name).await,
            Ask::Create(record) => api.create(&PostParams::default(), record).await,
            Ask::Replace(record) => api.replace(name, &PostParams::default(), record).await,
        }
    };
    let why = match tokio::time::timeout(CALL, asked).await {
        Ok(Ok(record)) if matches!(ask, Ask::Get) => return Answer::There(Box::new(record)),
        Ok(Ok(record)) => return Answer::Ours(Box::new(record)),
        Ok(Err(Error::Api(status))) if status.code == 404 => return Answer::Missing,
        // Somebody else was first.
        Ok(Err(Error::Api(status))) if status.code == 409 => return Answer::Lost,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the API server does not answer".to_owned(),
    };
    tracing::warn!(code = "lease_not_renewed", "{why}");
    Answer::Failed
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
