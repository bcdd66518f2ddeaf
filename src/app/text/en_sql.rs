//! What is said about isolation levels and scripts.

/// How the parameter stands that holds a script.
pub fn own_script(script: &str) -> String {
    if script.is_empty() { "the example".to_owned() } else { format!("of {} lines", script.lines().count()) }
}
