//! The one meaning of the policy: cluster objects in, snapshot and problems out; pure.
