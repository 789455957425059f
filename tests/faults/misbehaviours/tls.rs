//! TLS that should not be trusted, or does not come about.

use super::row::{plays, tls};
use crate::peer::{Act, Door, Tls, When};

const CONNECT: &str = "connect_failed";

misbehaviours! {
    good_by_tls = tls(Tls::Good).answered();
    good_by_tls_1_2 = tls(Tls::Old).answered();
    expired = tls(Tls::Expired).moves_on(502, CONNECT);
    not_yet_valid = tls(Tls::NotYetValid).moves_on(502, CONNECT);
    wrong_name = tls(Tls::WrongName).moves_on(502, CONNECT);
    unknown_authority = tls(Tls::Unknown).moves_on(502, CONNECT);
    /// By TLS 1.3 that is told behind the handshake.
    asks_for_a_certificate = tls(Tls::AsksForCertificate).moves_on(502, "connection_reset");
    handshake_stalls = tls(Tls::Stalls).moves_on(504, "connect_timeout");
    handshake_closes = tls(Tls::Closes).moves_on(502, CONNECT);
    insists_on_another_protocol = tls(Tls::OtherProtocol).moves_on(502, CONNECT);
    /// Plain HTTP where TLS is expected.
    speaks_plainly = {
        let mut row = plays(|asked| asked.error(400, &[])).when(When::Connected).moves_on(502, CONNECT);
        row.door = Door::Mistaken;
        row
    };
    /// TLS, and cut in the middle of an answer without a word of goodbye.
    cut_within_tls = {
        let mut row = plays(|asked| [asked.opened(200, &[]), vec![Act::Reset]].concat()).moves_on(502, "connection_reset");
        row.door = Door::Secure(Tls::Good);
        row
    };
}
