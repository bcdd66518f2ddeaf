//! `interleave`: in the browser the app, natively the command line.

fn main() {}
