-- The tables of the ledger, in words that both stores know; what they write differently stands in braces.
-- Rules: a table or a column is added and never renamed, narrowed or taken away while a released program still uses it; a new
-- column has a default. What is applied is never edited: its checksum is compared.

-- One row for each start of a process. What came of it outlives its records, so that a late duplicate is booked by nobody.
CREATE TABLE epochs (
    id {ID},
    epoch TEXT NOT NULL UNIQUE,
    namespace TEXT NOT NULL,
    service_account TEXT NOT NULL,
    pod TEXT NOT NULL,
    node TEXT NOT NULL,
    version TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    heard_ms BIGINT NOT NULL,
    issued BIGINT NOT NULL,
    dropped_below BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    lost BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    came TEXT NOT NULL
) {BUSY};
CREATE INDEX epochs_incomplete ON epochs (heard_ms) WHERE closed = 0 OR lost > 0;
CREATE INDEX epochs_unsettled ON epochs (heard_ms) WHERE settled = 0;

-- What sums are kept apart by. `key` is a hash of all the words.
CREATE TABLE series (
    id {ID},
    key TEXT NOT NULL UNIQUE,
    namespace TEXT NOT NULL,
    team TEXT NOT NULL,
    workload TEXT NOT NULL,
    route TEXT NOT NULL,
    provider TEXT NOT NULL,
    vendor TEXT NOT NULL,
    model TEXT NOT NULL,
    outcome TEXT NOT NULL,
    source TEXT NOT NULL
);

-- Sums of an hour (span 0), a day (1) and a month (2), by number since 1970 (months: since the year 0).
-- adjustment 0: as booked; 1: came after the month was closed; 2: another price.
CREATE TABLE rollups (
    span BIGINT NOT NULL,
    start BIGINT NOT NULL,
    adjustment BIGINT NOT NULL,
    series BIGINT NOT NULL,
    requests BIGINT NOT NULL DEFAULT 0,
    attempts BIGINT NOT NULL DEFAULT 0,
    saved BIGINT NOT NULL DEFAULT 0,
    estimated BIGINT NOT NULL DEFAULT 0,
    partial BIGINT NOT NULL DEFAULT 0,
    nano BIGINT NOT NULL DEFAULT 0,
    nano_estimated BIGINT NOT NULL DEFAULT 0,
    nano_list BIGINT NOT NULL DEFAULT 0,
    input BIGINT NOT NULL DEFAULT 0,
    cache_read BIGINT NOT NULL DEFAULT 0,
    cache_write_5m BIGINT NOT NULL DEFAULT 0,
    cache_write_1h BIGINT NOT NULL DEFAULT 0,
    input_audio BIGINT NOT NULL DEFAULT 0,
    input_image BIGINT NOT NULL DEFAULT 0,
    output BIGINT NOT NULL DEFAULT 0,
    reasoning BIGINT NOT NULL DEFAULT 0,
    output_audio BIGINT NOT NULL DEFAULT 0,
    output_image BIGINT NOT NULL DEFAULT 0,
    took_ms BIGINT NOT NULL DEFAULT 0,
    first_token_ms BIGINT NOT NULL DEFAULT 0,
    first_tokens BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (span, start, adjustment, series)
) {CLUSTERED};

-- Requests that ended. `body` is the message, less what has a column; `series` those that its attempts are booked under.
CREATE TABLE records (
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    day BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    marks BIGINT NOT NULL,
    nano BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    id TEXT NOT NULL,
    series TEXT NOT NULL,
    person TEXT,
    session TEXT,
    body BYTEA NOT NULL
);
CREATE INDEX records_id ON records (id);
CREATE INDEX records_day ON records (day, nano);
CREATE INDEX records_person ON records (person) WHERE person IS NOT NULL;

-- Attempts that began, until their request's record comes. booked 1: counted as unknown, under `series`.
CREATE TABLE begun (
    epoch BIGINT NOT NULL,
    id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    series BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    booked BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (epoch, id, attempt)
) {CLUSTERED};

-- Months that never change again, and what was booked in them then.
CREATE TABLE closed (
    month BIGINT PRIMARY KEY,
    closed_ms BIGINT NOT NULL,
    nano BIGINT NOT NULL,
    requests BIGINT NOT NULL
);

-- What other prices made of attempts: the last row of an attempt is what it costs by today's knowledge.
CREATE TABLE reprices (
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    day BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    before_nano BIGINT NOT NULL,
    nano BIGINT NOT NULL,
    partial BIGINT NOT NULL,
    source TEXT NOT NULL,
    price_row TEXT NOT NULL,
    series BIGINT NOT NULL,
    PRIMARY KEY (epoch, seq, attempt, turn)
) {CLUSTERED};
CREATE INDEX reprices_day ON reprices (day);
