/** What the npm package says of itself, derived from deno.json. */

/** The part of deno.json that matters here. */
export interface DenoConfig {
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
}

/** The package.json, as far as `build.ts` reads it back. */
export interface Manifest extends Readonly<Record<string, unknown>> {
  readonly bin: { readonly echoduct: string };
  readonly dependencies: Record<string, string>;
}

/** Makes the package.json. */
export function manifest(config: DenoConfig): Manifest {
  return {
    name: "echoduct",
    version: config.version,
    description: "Ping and tunnels as async iterators, for scripts and a REPL",
    keywords: ["ping", "icmp", "traceroute", "tun", "tunnel", "wireguard"],
    license: config.license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: exportsOf(config.exports),
    bin: { echoduct: "cli/main.js" },
    files: ["mod.js", "mod.d.ts", "src", "cli"],
    dependencies: {
      koffi: "^3.3.4",
      ...dependenciesOf(config.imports ?? {}),
    },
  };
}

function exportsOf(exports: DenoConfig["exports"]): Record<string, unknown> {
  const paths = Object.entries(exports).map(([name, source]) => {
    const path = source.replace(/\.ts$/, "");
    return [name, { types: `${path}.d.ts`, default: `${path}.js` }];
  });
  return { ...Object.fromEntries(paths), "./package.json": "./package.json" };
}

/** Imports from npm; those from JSR serve the build only. */
function dependenciesOf(
  imports: Readonly<Record<string, string>>,
): Record<string, string> {
  const dependencies: Record<string, string> = {};
  for (const [name, target] of Object.entries(imports)) {
    const match = /^npm:\/?(@[^/]+\/[^@/]+|[^@/]+)@([^/]+)$/.exec(target);
    if (target.startsWith("npm:") && match?.[1] !== name) {
      throw new TypeError(
        `Cannot make a dependency of '${name}': current value is '${target}'`,
      );
    }
    if (match) dependencies[name] = match[2];
  }
  return dependencies;
}
