//! Simulated infrastructure. Each mirrors a real system as it behaves, and knows neither scenarios nor pages.

pub mod sql;
