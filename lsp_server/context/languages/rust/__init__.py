"""Rust: facts and queries."""
