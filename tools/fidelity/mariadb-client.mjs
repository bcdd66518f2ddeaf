// A client of MariaDB's text protocol over a Unix socket, as much of it as the comparison needs: queries one at a time, as a user without a password.

import { connect } from 'node:net';

const CAPABILITIES =
  0x00000001 | // long password
  0x00000008 | // a database from the start
  0x00000200 | // protocol 4.1
  0x00002000 | // knows transactions
  0x00008000 | // secure connection
  0x00080000; // names its authentication plugin

/** A number in the protocol's own length encoding, and where it ends; null where it stands for NULL. */
function lengthEncoded(data, at) {
  const first = data[at];
  if (first < 0xfb) return [first, at + 1];
  if (first === 0xfb) return [null, at + 1];
  if (first === 0xfc) return [data.readUInt16LE(at + 1), at + 3];
  if (first === 0xfd) return [data.readUIntLE(at + 1, 3), at + 4];
  return [Number(data.readBigUInt64LE(at + 1)), at + 9];
}

const isEnd = (data) => data[0] === 0xfe && data.length < 9;

function failure(data) {
  return { error: { number: data.readUInt16LE(1), state: data.toString('latin1', 4, 9), message: data.toString('utf8', 9) } };
}

/** Opens a connection. `query(sql)` gives `{rows}`, `{affected}` or `{error: {number, state, message}}`; `busy` says whether an answer is still out. */
export async function open(path, user, database) {
  const socket = connect(path);
  socket.setNoDelay(true);
  let buffered = Buffer.alloc(0);
  let wanted = null;
  let broken = null;
  const packets = [];
  let sequence = 0;
  const serve = () => {
    while (buffered.length >= 4) {
      const length = buffered.readUIntLE(0, 3);
      if (buffered.length < 4 + length) break;
      sequence = buffered[3] + 1;
      packets.push(buffered.subarray(4, 4 + length));
      buffered = buffered.subarray(4 + length);
    }
    if (wanted && (packets.length > 0 || broken)) {
      const { resolve, reject } = wanted;
      wanted = null;
      if (packets.length > 0) resolve(packets.shift());
      else reject(broken);
    }
  };
  socket.on('data', (data) => {
    buffered = Buffer.concat([buffered, data]);
    serve();
  });
  socket.on('error', (error) => {
    broken = error;
    serve();
  });
  socket.on('close', () => {
    broken ??= new Error('the server closed the connection');
    serve();
  });
  const packet = () =>
    new Promise((resolve, reject) => {
      wanted = { resolve, reject };
      serve();
    });
  const write = (body) => {
    const head = Buffer.alloc(4);
    head.writeUIntLE(body.length, 0, 3);
    head[3] = sequence;
    socket.write(Buffer.concat([head, body]));
  };
  const greeting = await packet();
  if (greeting[0] === 0xff) throw new Error(failure(greeting).error.message);
  const head = Buffer.alloc(32);
  head.writeUInt32LE(CAPABILITIES, 0);
  head.writeUInt32LE(1 << 24, 4);
  head[8] = 45; // utf8mb4_general_ci
  write(Buffer.concat([head, Buffer.from(`${user}\0\0${database}\0mysql_native_password\0`)]));
  const welcome = await packet();
  if (welcome[0] !== 0x00) throw new Error(welcome[0] === 0xff ? failure(welcome).error.message : 'the server asks for a password');
  const connection = {
    busy: false,
    async query(sql) {
      if (connection.busy) throw new Error('the connection waits for an answer');
      connection.busy = true;
      sequence = 0;
      write(Buffer.concat([Buffer.from([3]), Buffer.from(sql)]));
      const first = await packet();
      let answer;
      if (first[0] === 0xff) answer = failure(first);
      else if (first[0] === 0x00) answer = { affected: lengthEncoded(first, 1)[0] };
      else {
        while (!isEnd(await packet()));
        answer = { rows: [] };
        for (let data = await packet(); !isEnd(data); data = await packet()) {
          if (data[0] === 0xff) {
            answer = failure(data);
            break;
          }
          const row = [];
          for (let at = 0; at < data.length; ) {
            const [length, from] = lengthEncoded(data, at);
            row.push(length === null ? '' : data.toString('utf8', from, from + length));
            at = from + (length ?? 0);
          }
          answer.rows.push(row);
        }
      }
      connection.busy = false;
      return answer;
    },
    close: () => socket.destroy(),
  };
  return connection;
}
