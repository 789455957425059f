-- Secrets that the ledger keeps, by their names, each made once. `users`: by it the key of each namespace is found, under which
-- its callers' users and sessions are hashed.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);
