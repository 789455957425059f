//! An answer that is held whole, within the memory there is for it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use outrigger_wire::{Failure, Kind};

use crate::{
    allowance::Allowance,
    memory::Share,
    upstream::{body::Body, transport::broken},
};

/// Longest answer that is held whole. Base64 images of several megabytes are normal; this bounds memory.
pub(super) const MAX_ANSWER: usize = 64 << 20;
/// All of `body`. One that comes in one piece is in memory already, as what its connection read; longer ones hold a share
/// of the budget (H16), and stay where they are until there is one.
pub(super) async fn whole(
    body: &mut Body,
    limit: usize,
    room: Option<&Allowance>,
) -> Result<(Bytes, Option<Box<Share>>), Failure> {
    let announced = body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    let mut patience = room.map_or(Duration::ZERO, |room| room.patience);
    let (mut share, mut bytes, mut only) = (None::<Box<Share>>, BytesMut::new(), None::<Bytes>);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        let came = bytes.len() + only.as_ref().map_or(0, Bytes::len) + data.len();
        if came > limit {
            return Err(Failure::local(Kind::Malformed, format!("the answer is longer than {limit} bytes")));
        }
        // Most answers come in one piece: then it is passed on as it is.
        if came == data.len() {
            only = Some(data);
            continue;
        }
        if let Some(room) = room {
            let share = share.get_or_insert_default();
            room.answers.grow(share, came, announced, &mut patience).await.map_err(|_| no_room())?;
        }
        bytes.reserve(announced.filter(|announced| *announced <= limit).unwrap_or(came).saturating_sub(bytes.len()));
        if let Some(first) = only.take() {
            bytes.extend_from_slice(&first);
        }
        bytes.extend_from_slice(&data);
    }
    if let Some(share) = &share {
        share.came();
    }
    Ok((only.unwrap_or_else(|| bytes.freeze()), share))
}

pub(crate) fn no_room() -> Failure {
    let text = "the sidecar's budget for whole answers is used up by others; retry shortly, or raise --answer-budget";
    let mut failure = Failure::local(Kind::NoRoom, text);
    (failure.status, failure.retry_after) = (Some(503), Some(Duration::from_secs(1)));
    failure
}
