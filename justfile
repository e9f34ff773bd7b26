# What the pipeline checks, without the servers that it starts: `.ci/run` runs all of it.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo test --workspace

# The whole pipeline; as root on Debian it installs what is missing.
ci:
    .ci/run
