//! What is said about isolation levels and scripts.

/// How the parameter stands that holds a script.
pub fn own_script(script: &str) -> String {
    if script.is_empty() { "the example".to_owned() } else { format!("of {} lines", script.lines().count()) }
}

pub const NO_DATABASES: &str = "The part of this page with the simulated databases could not be loaded. Load the page again; if it stays so, the site was not uploaded whole.";
