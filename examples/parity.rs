//! Writes the corpus by which the browser is held to the native library: `cargo run --example parity [SEEDS]` plays every variant of every scenario
//! against an adversary with every kind of fault, and writes `target/parity.tsv`, a line per run: its run string, a tab, and the hash of the world at
//! every step from 0 on, joined by commas. `tests/browser/parity.test.mjs` opens each run in the page and compares.

use std::fmt::Write as _;
use std::path::Path;

use interleave::scenarios::catalogue;
use interleave::scenarios::run_string::encode_packed;
use miniz_oxide::deflate::compress_to_vec;

#[path = "../tests/support/mod.rs"]
mod support;

/// How many runs of each variant, where nothing else is said.
const SEEDS: u64 = 30;
/// Longest run.
const STEPS: u32 = 80;
/// Effort of compression.
const EFFORT: u8 = 9;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seeds = std::env::args().nth(1).map_or(Ok(SEEDS), |text| text.parse())?;
    let mut out = String::new();
    let mut runs = 0_u32;
    for entry in catalogue() {
        for variant in entry.info().variants {
            for seed in 0..seeds {
                let calm = [80, 40, 0][(seed % 3) as usize];
                let temper = support::Temper { steps: STEPS, calm, parameters: seed % 2 == 1 };
                let (link, run) = support::play(*entry, variant, seed, temper);
                let hashes: Vec<String> = (0..=run.steps()).map(|step| format!("{:016x}", run.hash(step))).collect();
                // Some come compressed, which the browser undoes with means of its own.
                let text = if seed % 10 == 9 {
                    encode_packed(&link, &compress_to_vec(link.packed_text().as_bytes(), EFFORT))
                } else {
                    link.run_string()
                };
                writeln!(out, "{}\t{text}\t{}", entry.part().name(), hashes.join(","))?;
                runs += 1;
            }
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/parity.tsv");
    std::fs::create_dir_all(path.parent().ok_or("no folder to write to")?)?;
    std::fs::write(&path, out)?;
    println!("{runs} runs in {}", path.display());
    Ok(())
}
