//! The key by which the users of a namespace are hashed, as the ledger says it. It is never shown, and kept in memory alone.

use outrigger_proxy::Users;

/// A key is so long: HMAC-SHA-256's.
const LENGTH: usize = 32;

/// What is known of it.
#[derive(Debug)]
pub(super) struct Key {
    users: Users,
    /// A ledger has answered, with a key or without.
    answered: bool,
}

impl Key {
    pub(super) fn new(users: Users) -> Self {
        Self { users, answered: false }
    }

    /// Whether the ledger is to be asked for it before there is anything to tell.
    pub(super) fn is_wanted(&self) -> bool {
        !self.answered && self.users.is_awaited()
    }

    /// What an answer says of it; of another length than a key's, it is none.
    pub(super) fn heard(&mut self, key: &[u8]) {
        let first = !std::mem::replace(&mut self.answered, true);
        if key.len() == LENGTH {
            if self.users.learn(key) {
                tracing::info!(
                    code = "user_key_known",
                    "users and sessions are booked by their namespace's key from now on"
                );
            }
        } else if first && self.users.is_awaited() {
            tracing::warn!(
                code = "user_key_missing",
                "the ledger gives no key for users, as one of an older version: they are booked by a key that this process \
                 drew, and have other hashes after its end"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_for_until_a_ledger_has_answered_and_followed_ever_after() {
        let mut key = Key::new(Users::awaited());
        assert!(key.is_wanted());
        key.heard(&[]);
        assert!(!key.is_wanted() && key.users.is_awaited(), "an older ledger is not asked again");
        key.heard(&[1; 31]);
        assert!(key.users.is_awaited(), "that is no key");
        key.heard(&[1; LENGTH]);
        assert!(!key.users.is_awaited());
        assert!(!Key::new(Users::clear()).is_wanted() && !Key::new(Users::hashed(&[1; 32])).is_wanted());
        assert!(!format!("{key:?}").contains("1, 1"));
    }
}
