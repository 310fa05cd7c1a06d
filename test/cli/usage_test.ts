import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { version } from "../../cli/version.ts";
import { root } from "../_support/tree.ts";
import { echoduct, run } from "../lab/command.ts";
import { lacks } from "../_support/lacks.ts";
import { runHere } from "./_terminal.ts";

const escape = "\x1b[";

test("the version is that of deno.json", async () => {
  const config = JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
  assert.equal(version, config.version);
  const { code, stdout, stderr } = await run(echoduct("--version"));
  assert.deepEqual([code, stdout, stderr], [0, `${config.version}\n`, ""]);
});

for (const command of ["", "ping", "tunnel", "tunnel plain", "demo"]) {
  test(`'${command || "echoduct"} --help' explains itself with an example`, async () => {
    const { code, stdout, stderr } = await runHere(`${command} --help`);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^Usage: echoduct /);
    assert.match(stdout, /^Examples?[:,]/m);
    const example = `echoduct ${
      command === "tunnel" ? "tunnel plain" : command
    }`;
    const [usage, examples] = stdout.split(/^Examples?.*$/m);
    assert.ok(examples.includes(example), examples);
    for (const word of command.split(" ")) assert.ok(usage.includes(word));
    assert.ok(!stdout.includes(escape));
  });
}

test("help names every option of ping and tunnel plain", async () => {
  const ping = (await runHere("ping --help")).stdout;
  for (
    const option of "-c -i -W -s -t -4 -6 -q --netns --json HOST".split(" ")
  ) {
    assert.match(ping, new RegExp(`^ +(${option}\\b|.*, ${option}\\b)`, "m"));
  }
  const plain = (await runHere("tunnel plain --help")).stdout;
  for (
    const option of "address listen remote name mtu netns json".split(" ")
  ) assert.match(plain, new RegExp(`^ +--${option}\\b`, "m"));
});

for (
  const [args, reason] of [
    ["", /No matching/],
    ["frob", /frob/],
    ["-c 3", /-c/],
    ["ping", /Expected a host/],
    ["ping -c 3", /Expected a host/],
    ["ping -c", /-c/],
    ["ping -c 0 h", /greater than or equal to 1/],
    ["ping -c-1 h", /-1/],
    ["ping -c many h", /many/],
    ["ping -c 1 -c 2 h", /multiple times/],
    ["ping -i fast h", /duration such as.*fast/],
    ["ping -W 1h h", /duration such as.*1h/],
    ["ping -s 65508 h", /65,507/],
    ["ping -s -1 h", /-1/],
    ["ping -t 0 h", /"0"/],
    ["ping -t 256 h", /255/],
    ["ping --frob h", /--frob/],
    ["tunnel", /plain/],
    ["tunnel frob", /frob|plain/],
    ["tunnel plain", /--address/],
    ["tunnel plain --listen 192.0.2.1:7001", /--address/],
    ["tunnel plain --address 10.7.0.1/24", /--listen/],
    ["tunnel plain --address 10.7.0.1/24 --listen a:1 --mtu big", /big/],
    ["demo now", /now/],
  ] as const
) {
  test(`'${args}' is answered with the reason and a hint`, async () => {
    const { code, stdout, stderr } = await runHere(args);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(
      stderr,
      /^echoduct: .+\nTry: echoduct( ping| tunnel| demo)? --help\n$/,
    );
    assert.match(stderr, reason);
  });
}

for (
  const [args, reason] of [
    ["ping -4 -6 127.0.0.1", /-4 and -6 exclude each other/],
    ["ping -46 127.0.0.1", /-4 and -6 exclude each other/],
    ["ping -4 ::1", /'::1': it has no IPv4 address/],
    ["ping -6 127.0.0.1", /'127\.0\.0\.1': it has no IPv6 address/],
    ["ping -i 1000000m ::1", /'interval'.*60000000000/],
    ["ping no-such-host.invalid", /Cannot resolve 'no-such-host\.invalid'/],
    ["ping h!", /'h!': neither a name nor an address/],
    ["ping --netns no-such-namespace ::1", /\/run\/netns\/no-such-namespace/],
    ["tunnel plain --address 10.7.0.1 --listen 127.0.0.1:0", /10\.7\.0\.1/],
    [
      "tunnel plain --address 10.7.0.1/33 --listen 127.0.0.1:0",
      /10\.7\.0\.1\/33/,
    ],
    ["tunnel plain --address 10.7.0.1/24 --listen 127.0.0.1", /127\.0\.0\.1/],
    [
      "tunnel plain --address 10.7.0.1/24 --listen 127.0.0.1:0 --mtu 67",
      /is 67/,
    ],
  ] as const
) {
  test(`'${args}' fails with its reason alone`, async () => {
    const { code, stdout, stderr } = await runHere(args);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^echoduct: [^\n]+\n$/);
    assert.match(stderr, reason);
  });
}

test("the process reports bad arguments as the parser does", async () => {
  const { code, stdout, stderr } = await run(echoduct("ping", "-c", "0", "h"));
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^echoduct: .*\nTry: echoduct ping --help\n$/);
});

test("colours are for terminals, and NO_COLOR is honoured there", {
  skip: lacks("script"),
}, async () => {
  const command = echoduct("--help").map((word) => `'${word}'`).join(" ");
  const onTerminal = (env: Record<string, string>) =>
    run(["script", "-qec", command, "/dev/null"], { env });
  const coloured = await onTerminal({ NO_COLOR: "", TERM: "xterm" });
  assert.ok(coloured.stdout.includes(escape), coloured.stdout);
  const plain = await onTerminal({ NO_COLOR: "1", TERM: "xterm" });
  assert.equal(plain.code, 0);
  assert.ok(!plain.stdout.includes(escape), JSON.stringify(plain.stdout));
  const piped = await run(echoduct("--help"), { env: { NO_COLOR: "" } });
  assert.ok(!piped.stdout.includes(escape));
});
