//! The part of the page with the simulated databases.

fn main() {
    #[cfg(target_arch = "wasm32")]
    interleave::app::start();
}
