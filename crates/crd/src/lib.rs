//! The Kubernetes kinds of Outrigger as Rust types that print their own YAML.
