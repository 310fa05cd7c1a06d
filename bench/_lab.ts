/** Two network namespaces with a cable between them, and what runs in them. */
import { createNetns, Netlink, withNetns } from "../src/sys/mod.ts";
import { delay, Program, type ProgramOptions } from "./_process.ts";

/** Which of the two namespaces. */
export type SideName = "near" | "far";

/** One namespace and its addresses. */
export interface Side {
  readonly name: SideName;
  /** Descriptor of the namespace. */
  readonly netns: number;
  /** Its address on the cable. */
  readonly outer: string;
  /** Its address inside a tunnel. */
  readonly inner: string;
}

/** How to run a program that ends by itself. */
export interface RunOptions extends ProgramOptions {
  /** Milliseconds after which it is killed. */
  readonly timeout: number;
  /** Whether it may end with another code than 0. */
  readonly tolerant?: boolean;
}

/** Longest packet inside the tunnels. */
export const mtu = 1420;

/** The namespaces, and every program that was started in them. */
export class Lab {
  readonly near: Side;
  readonly far: Side;
  readonly #namespaces = [createNetns(), createNetns()];
  readonly #programs = new Set<Program>();
  #closed = false;

  /** Makes the namespaces and joins them. */
  constructor() {
    const [near, far] = this.#namespaces;
    this.near = {
      name: "near",
      netns: near.fd,
      outer: "10.99.0.1",
      inner: "10.95.0.1",
    };
    this.far = {
      name: "far",
      netns: far.fd,
      outer: "10.99.0.2",
      inner: "10.95.0.2",
    };
    this.#configure(this.near, (netlink) => {
      netlink.addVeth({ name: "cable", peer: "cable", peerNetns: far.fd });
    });
    this.#configure(this.far, () => {});
    // A link has its carrier when its other end is up too.
    this.netlink(
      this.near,
      (netlink) => netlink.setLink("cable", { up: true }),
    );
  }

  /** Both, near first. */
  get sides(): readonly Side[] {
    return [this.near, this.far];
  }

  /** Whether it was closed, after which every failure is a consequence. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The other side. */
  opposite(side: Side): Side {
    return side === this.near ? this.far : this.near;
  }

  /** Does something to the links of a side. */
  netlink<T>(side: Side, work: (netlink: Netlink) => T): T {
    const netlink = Netlink.open({ netns: side.netns });
    try {
      return work(netlink);
    } finally {
      netlink.close();
    }
  }

  /** Starts a program that runs until it is stopped. */
  start(
    side: Side,
    command: readonly string[],
    options?: ProgramOptions,
  ): Program {
    if (this.#closed) throw new Error("Cannot go on: the lab is closed");
    const program = withNetns(
      side.netns,
      () => new Program(command, options),
    );
    this.#programs.add(program);
    return program;
  }

  /** Stops a program that was started here. */
  async stop(program: Program): Promise<void> {
    await program.stop();
    this.#programs.delete(program);
  }

  /** Runs a program to its end, and returns what it printed. */
  async run(
    side: Side,
    command: readonly string[],
    options: RunOptions,
  ): Promise<string> {
    return (await this.finish(side, command, options)).text;
  }

  /** The same, with what it said on its standard error. */
  async finish(
    side: Side,
    command: readonly string[],
    options: RunOptions,
  ): Promise<{ text: string; complaints: string }> {
    const program = this.start(side, command, options);
    try {
      const { text, code } = await program.output(options.timeout);
      const { complaints } = program;
      if (code === 0 || options.tolerant) return { text, complaints };
      throw new Error(
        `${command.slice(0, 2).join(" ")} ended with code ${code}\n` +
          `${complaints || text.slice(-500)}`,
      );
    } finally {
      this.#programs.delete(program);
    }
  }

  /** Waits until the other side's address inside the tunnel replies. */
  async reach(timeout = 10_000): Promise<void> {
    const deadline = performance.now() + timeout;
    const { inner } = this.far;
    while (performance.now() < deadline) {
      const text = await this.run(
        this.near,
        ["ping", "-n", "-c", "1", "-W", "0.2", inner],
        { timeout: 3000, tolerant: true },
      );
      if (text.includes("time=")) return;
      await delay(50);
    }
    throw new Error(`${inner} did not reply within ${timeout} ms`);
  }

  /** Ends every program and lets go of the namespaces. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#programs].map((program) => program.stop()));
    for (const namespace of this.#namespaces) namespace.close();
  }

  #configure(side: Side, prepare: (netlink: Netlink) => void): void {
    this.netlink(side, (netlink) => {
      prepare(netlink);
      netlink.setLink("lo", { up: true });
      netlink.setLink("cable", { up: true });
      netlink.addAddress({ link: "cable", address: `${side.outer}/24` });
    });
  }
}
