#!/bin/sh
# rustc for `cargo xtask cluster`, as RUSTC_WORKSPACE_WRAPPER: a program of ours has the C library within and no symbols, as
# in a release. What it is linked from stays as everybody else's: flags for all would have it compiled anew.
case " $* " in
# Cargo asks what rustc can do.
*" --crate-name ___ "*) exec "$@" ;;
*" --crate-type bin "*) exec "$@" -C target-feature=+crt-static -C strip=symbols ;;
*) exec "$@" ;;
esac
