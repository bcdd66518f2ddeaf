//! The part of the page with the services.

fn main() {
    #[cfg(target_arch = "wasm32")]
    interleave::app::start();
}
