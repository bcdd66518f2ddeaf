//! Decimal numbers, with the scales that the server's `numeric` gives (manual, 8.1.2).

use std::cmp::Ordering;
use std::fmt;

use super::error::SqlError;

/// Most digits of a decimal number here; the server's have up to 131072.
pub const MAX_DIGITS: u32 = 34;

/// A decimal number: an integer divided by a power of ten.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Numeric {
    unscaled: i128,
    scale: u8,
}

fn pow10(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

fn too_large() -> SqlError {
    SqlError::unsupported(format!("numbers of more than {MAX_DIGITS} digits"))
}

impl From<i64> for Numeric {
    fn from(value: i64) -> Numeric {
        Numeric { unscaled: i128::from(value), scale: 0 }
    }
}

impl Numeric {
    /// Digits, perhaps with a sign and a point.
    pub fn parse(text: &str) -> Option<Numeric> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if digits.len() + fraction.len() == 0 || digits.len() + fraction.len() > MAX_DIGITS as usize {
            return None;
        }
        if !all_digits(digits) || !all_digits(fraction) {
            return None;
        }
        let unscaled: i128 = format!("{digits}{fraction}").parse().ok()?;
        Some(Numeric {
            unscaled: if whole.starts_with('-') { -unscaled } else { unscaled },
            scale: fraction.len() as u8,
        })
    }

    /// The integer that is divided by ten to the scale.
    pub fn unscaled(self) -> i128 {
        self.unscaled
    }

    fn rescaled(self, scale: u8) -> Option<i128> {
        self.unscaled.checked_mul(pow10(u32::from(scale.checked_sub(self.scale)?))?)
    }

    fn checked(unscaled: Option<i128>, scale: u8) -> Result<Numeric, SqlError> {
        match (unscaled, pow10(MAX_DIGITS)) {
            (Some(unscaled), Some(limit)) if unscaled.abs() < limit => Ok(Numeric { unscaled, scale }),
            _ => Err(too_large()),
        }
    }

    fn aligned(self, other: Numeric) -> Option<(i128, i128, u8)> {
        let scale = self.scale.max(other.scale);
        Some((self.rescaled(scale)?, other.rescaled(scale)?, scale))
    }

    /// By size, not by scale.
    pub fn compare(&self, other: &Numeric) -> Ordering {
        match self.aligned(*other) {
            Some((a, b, _)) => a.cmp(&b),
            // Only numbers far apart cannot be brought to one scale.
            None => (self.unscaled / pow10(u32::from(self.scale)).unwrap_or(1))
                .cmp(&(other.unscaled / pow10(u32::from(other.scale)).unwrap_or(1))),
        }
    }

    /// Sum.
    pub fn add(self, other: Numeric) -> Result<Numeric, SqlError> {
        let (a, b, scale) = self.aligned(other).ok_or_else(too_large)?;
        Numeric::checked(a.checked_add(b), scale)
    }

    /// Difference.
    pub fn sub(self, other: Numeric) -> Result<Numeric, SqlError> {
        self.add(other.negated())
    }

    /// Product.
    pub fn mul(self, other: Numeric) -> Result<Numeric, SqlError> {
        let scale = self.scale.checked_add(other.scale).ok_or_else(too_large)?;
        Numeric::checked(self.unscaled.checked_mul(other.unscaled), scale)
    }

    /// Quotient, with at least 16 significant digits, as the server chooses them (`select_div_scale`).
    pub fn div(self, other: Numeric) -> Result<Numeric, SqlError> {
        if other.unscaled == 0 {
            return Err(division_by_zero());
        }
        let (weight1, first1) = self.leading();
        let (weight2, first2) = other.leading();
        let weight = weight1 - weight2 - i32::from(first1 <= first2);
        let scale = (16 - weight * 4).max(i32::from(self.scale)).max(i32::from(other.scale)).max(0);
        let scale = u8::try_from(scale).map_err(|_| too_large())?;
        // One digit more than asked for, to round by.
        let shift = (u32::from(scale) + 1 + u32::from(other.scale)).checked_sub(u32::from(self.scale));
        let dividend = shift.and_then(pow10).and_then(|by| self.unscaled.checked_mul(by)).ok_or_else(too_large)?;
        Numeric::checked(Some(dividend / other.unscaled), scale + 1).map(|quotient| quotient.round(scale))
    }

    /// Remainder, with the sign of the dividend.
    pub fn rem(self, other: Numeric) -> Result<Numeric, SqlError> {
        let (a, b, scale) = self.aligned(other).ok_or_else(too_large)?;
        if b == 0 {
            return Err(division_by_zero());
        }
        Numeric::checked(Some(a % b), scale)
    }

    /// With the other sign.
    #[must_use]
    pub fn negated(self) -> Numeric {
        Numeric { unscaled: -self.unscaled, ..self }
    }

    /// To a scale, halves away from zero.
    #[must_use]
    pub fn round(self, scale: u8) -> Numeric {
        if scale >= self.scale {
            return self.rescaled(scale).map_or(self, |unscaled| Numeric { unscaled, scale });
        }
        let by = pow10(u32::from(self.scale - scale)).unwrap_or(i128::MAX);
        let (quotient, rest) = (self.unscaled / by, self.unscaled % by);
        let up = if rest.unsigned_abs() >= by.unsigned_abs().div_ceil(2) { self.unscaled.signum() } else { 0 };
        Numeric { unscaled: quotient + up, scale }
    }

    /// As `numeric(precision, scale)` holds it.
    pub fn limited(self, precision: u8, scale: u8) -> Result<Numeric, SqlError> {
        let rounded = self.round(scale);
        match pow10(u32::from(precision)) {
            Some(limit) if rounded.unscaled.abs() < limit => Ok(rounded),
            _ => Err(SqlError::new("22003", "numeric field overflow")),
        }
    }

    /// Groups of four digits, as the server stores them.
    pub fn groups(self) -> u32 {
        if self.unscaled == 0 {
            return 0;
        }
        let by = pow10(u32::from(self.scale)).unwrap_or(1);
        let (mut whole, fraction) = (self.unscaled.abs() / by, self.unscaled.abs() % by);
        let mut groups = if fraction == 0 { 0 } else { u32::from(self.scale).div_ceil(4) };
        while whole > 0 {
            whole /= 10_000;
            groups += 1;
        }
        groups
    }

    /// The power of ten thousand of the first group of four digits, and that group.
    fn leading(self) -> (i32, i32) {
        let by = pow10(u32::from(self.scale)).unwrap_or(1);
        let (mut whole, mut fraction) = (self.unscaled.abs() / by, self.unscaled.abs() % by);
        let mut weight = 0;
        if whole > 0 {
            while whole >= 10_000 {
                whole /= 10_000;
                weight += 1;
            }
            return (weight, whole as i32);
        }
        while fraction > 0 {
            weight -= 1;
            let Some(shifted) = fraction.checked_mul(10_000) else { break };
            fraction = shifted;
            if fraction / by > 0 {
                return (weight, (fraction / by) as i32);
            }
        }
        (0, 0)
    }
}

fn division_by_zero() -> SqlError {
    SqlError::new("22012", "division by zero")
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        let sign = if self.unscaled < 0 { "-" } else { "" };
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}
