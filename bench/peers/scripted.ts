/**
 * A tunnel as a script writes it: `packets()` one by one, or `batches()`.
 *
 * Arguments: which of the two, address of the device, own endpoint, the peer's,
 * MTU.
 *
 * @module
 */
import { filter, openTun, openUdp, pipe, tap } from "../../mod.ts";

const [stream, address, local, remote, mtu] = Deno.args;

const tun = await openTun({ addresses: [address], mtu: Number(mtu) });
const link = await openUdp({ local, remote });
console.log(`ready ${tun.name}`);

await Promise.race(
  stream === "packets"
    ? [
      pipe(tun.packets(), filter((p) => p.version === 4), link.sink()),
      pipe(link.packets(), tun.sink()),
    ]
    : [
      pipe(
        tun.batches(),
        tap((batch) => {
          batch.keep((i) => batch.arena[batch.starts[i]] >> 4 === 4);
        }),
        link.sink(),
      ),
      pipe(link.batches(), tun.sink()),
    ],
);
