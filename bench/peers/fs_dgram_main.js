/**
 * Runs on Node. Arguments: descriptor of a TUN device, own address, the peer's.
 */
import dgram from "node:dgram";
import fs from "node:fs";
import process from "node:process";
import { Writable } from "node:stream";

const [fd, own, peer] = process.argv.slice(2);
const port = 7001;

const socket = dgram.createSocket("udp4");
socket.bind(port, own, () => {
  const input = fs.createReadStream("", {
    fd: Number(fd),
    highWaterMark: 2048,
  });
  // A stream of node:fs would write several packets at once, as one.
  const output = new Writable({
    write(packet, _encoding, done) {
      fs.write(Number(fd), packet, () => done());
    },
  });
  input.on("data", (packet) => socket.send(packet, port, peer));
  socket.on("message", (packet) => output.write(packet));
});
