//! The same page as `interleave`, with the simulated databases in it.

fn main() {
    #[cfg(target_arch = "wasm32")]
    interleave::app::start();
}
