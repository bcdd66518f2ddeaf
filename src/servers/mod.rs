//! Simulated infrastructure: pure values, each of which mirrors a real system. They know neither scenarios nor pages, own no clock and send nothing: the
//! caller passes the time of the server's own clock, and sends what they answer.

pub mod advisory;
pub mod broker;
pub mod consul;
pub mod etcd;
pub mod lock_table;
pub mod redis;
pub mod sql;
pub mod zookeeper;
