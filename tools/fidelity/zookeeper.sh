#!/usr/bin/env bash
# Compares the simulated ZooKeeper with Debian's zookeeper on a free port of the loopback. ZOOKEEPER_SEED and ZOOKEEPER_SEQUENCES choose others.
. "$(dirname "$0")/../common.sh"
cd "$ROOT"
need_rust
[ -e /usr/share/java/zookeeper.jar ] || { say "Installing zookeeper"; apt_install zookeeper; }
# Whoever asks for port 0 is given a free one; it is free again once the asker has gone.
PORT="$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')"
DATA="$(mktemp -d)"
# A short tick, since no session may be shorter than two.
cat >"$DATA/zoo.cfg" <<CONFIG
tickTime=100
dataDir=$DATA
clientPort=$PORT
clientPortAddress=127.0.0.1
maxSessionTimeout=10000
maxClientCnxns=0
admin.enableServer=false
CONFIG
java -cp /usr/share/java/zookeeper.jar org.apache.zookeeper.server.quorum.QuorumPeerMain "$DATA/zoo.cfg" >"$DATA/log" 2>&1 &
SERVER=$!
trap 'kill "$SERVER" 2>/dev/null; rm -rf "$DATA"' EXIT
# It listens before it serves.
serves() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT" && printf srvr >&3 && grep -q Mode <&3) 2>/dev/null; }
for _ in $(seq 150); do serves && break; sleep 0.1; done
say "zookeeper $(dpkg-query -W -f '${Version}' zookeeper 2>/dev/null) on port $PORT"
ZOOKEEPER_PORT="$PORT" cargo test --locked --test fidelity_zookeeper -- --ignored --nocapture
