//! Dates and timestamps, read in ISO form and written as the isolation tester's own sessions have it (`DateStyle = 'Postgres, MDY'`).

/// Microseconds in a day.
pub const DAY_US: i64 = 86_400_000_000;

/// Days from 0000-03-01 to 2000-01-01 in the proleptic Gregorian calendar.
const EPOCH: i64 = 730_425;

/// Day of the proleptic Gregorian calendar as days since 2000-01-01.
fn from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month_from_march + 2) / 5
        + day
        - 1
        - EPOCH
}

fn to_civil(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Reads `YYYY-MM-DD` as days since 2000-01-01; none where there is no such day.
pub fn parse(text: &str) -> Option<i32> {
    let mut parts = text.split('-').map(|part| part.parse::<i64>().ok().filter(|_| !part.starts_with('+')));
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let days = from_civil(year, month, day);
    (to_civil(days) == (year, month, day)).then_some(days as i32)
}

/// Reads `YYYY-MM-DD[ HH:MM[:SS]]` as microseconds since 2000-01-01.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let (day, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    let mut parts = time.split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Some(i64::from(parse(day)?) * DAY_US + seconds * 1_000_000)
}

/// `MM-DD-YYYY`.
pub fn write(days: i32) -> String {
    let (year, month, day) = to_civil(i64::from(days));
    format!("{month:02}-{day:02}-{year:04}")
}

/// `Mon Dec 22 10:00:00 2008`.
pub fn write_timestamp(us: i64) -> String {
    const DAYS: [&str; 7] = ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = us.div_euclid(DAY_US);
    let seconds = us.rem_euclid(DAY_US) / 1_000_000;
    let (year, month, day) = to_civil(days);
    // 2000-01-01 was a Saturday. Both remainders are within their arrays.
    let weekday = DAYS[days.rem_euclid(7) as usize];
    let month = MONTHS[(month - 1).rem_euclid(12) as usize];
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} {year:04}")
}
