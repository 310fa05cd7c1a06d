import type { Side } from "../_lab.ts";
import { mtu } from "../_lab.ts";
import { deno } from "../_process.ts";
import type { Contender } from "./contender.ts";

/** `echoduct tunnel plain`: the command, in its worker gear. */
export const command: Contender = {
  name: "echoduct tunnel plain",
  needs: [],
  async start(lab) {
    const programs = lab.sides.map((side) =>
      lab.start(
        side,
        deno(
          "cli/main.ts",
          ...["tunnel", "plain", "--mtu", String(mtu)],
          ...["--address", `${side.inner}/24`],
          ...["--listen", endpoint(side)],
          ...["--remote", endpoint(lab.opposite(side))],
        ),
      )
    );
    for (const program of programs) await program.until(/^ready/m);
    return programs;
  },
};

/** A script over the module's streams; `scripted.ts` is it. */
export function scripted(stream: "packets" | "batches"): Contender {
  return {
    name: `echoduct script, ${stream}()`,
    needs: [],
    async start(lab) {
      const programs = lab.sides.map((side) =>
        lab.start(
          side,
          deno(
            "bench/peers/scripted.ts",
            stream,
            `${side.inner}/24`,
            endpoint(side),
            endpoint(lab.opposite(side)),
            String(mtu),
          ),
        )
      );
      for (const program of programs) await program.until(/^ready/m);
      return programs;
    },
  };
}

function endpoint(side: Side): string {
  return `${side.outer}:7001`;
}
