//! `interleave`: in the browser the app, natively the command line.

#[cfg(target_arch = "wasm32")]
fn main() {
    interleave::app::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    interleave::cli::main()
}
