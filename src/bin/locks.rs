//! The part of the page with the locks.

fn main() {
    #[cfg(target_arch = "wasm32")]
    interleave::app::start();
}
