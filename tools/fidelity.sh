#!/usr/bin/env bash
# Compares the simulated servers with the real ones, each in a script of its own; those say which variables choose seeds and counts.
. "$(dirname "$0")/common.sh"
bash "$ROOT/tools/fidelity/postgres.sh"
bash "$ROOT/tools/fidelity/mariadb.sh"
bash "$ROOT/tools/fidelity/redis.sh"
bash "$ROOT/tools/fidelity/zookeeper.sh"
bash "$ROOT/tools/fidelity/etcd.sh"
