//! THE list of what goes wrong. A new misbehaviour is a row in one of these files, which is a test by that:
//!
//! ```ignore
//! misbehaviours! {
//!     /// What it does.
//!     name_of_it = plays(|asked| asked.error(503, &[])).moves_on(503, "overloaded");
//! }
//! ```
//!
//! What is to come of it is said in columns: first of all surfaces, then of some (`on`). It is one of
//! [`Class`](crate::verdict::Class): `moves_on`, `told`, `breaks`, `answered`, or `absent` where a surface has no such thing.

/// Rows, each of which is a test.
macro_rules! misbehaviours {
    ($($(#[$doc:meta])* $name:ident = $row:expr;)+) => {
        $(
            $(#[$doc])*
            #[tokio::test]
            async fn $name() {
                let place = concat!(module_path!(), "-");
                let place = format!("{}{:05}", place.rsplit("::").next().unwrap_or(place), line!());
                $crate::run::on_every_surface(&place, stringify!($name), $row).await;
            }
        )+
    };
}

mod body;
mod connection;
mod head;
mod http2;
mod row;
mod status;
mod stream;
mod tls;

pub use row::Row;
