//! Compressed links where there is no browser to do it.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::{CHOICES_TEXT_MAX, Link, LinkError, encode_packed, packed, parse, with_choices};

/// Effort of compression, the greatest.
const EFFORT: u8 = 10;

/// Reads a link, compressed or not.
///
/// # Errors
/// As [`parse`], and where compressed choices are damaged or inflate to more than [`CHOICES_TEXT_MAX`] bytes.
pub fn open(text: &str) -> Result<Link, LinkError> {
    let Some(deflated) = packed(text) else { return parse(text) };
    let inflated = decompress_to_vec_with_limit(&deflated, CHOICES_TEXT_MAX)
        .map_err(|error| LinkError::Damaged { why: format!("they do not inflate ({error})") })?;
    with_choices(text, &inflated)
}

/// Writes a link, compressed where it would be too long.
pub fn to_text(link: &Link) -> String {
    if link.needs_packing() {
        encode_packed(link, &compress_to_vec(link.packed_text().as_bytes(), EFFORT))
    } else {
        link.to_string()
    }
}
