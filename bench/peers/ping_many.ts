/**
 * Pings loopback addresses, one probe each, through the module. Argument: how
 * many. Prints the number of replies, and the time without start-up.
 *
 * @module
 */
import { ping } from "../../mod.ts";
import { loopbackHosts } from "./loopback_hosts.ts";

const hosts = loopbackHosts(Number(Deno.args[0]));
const start = performance.now();
const { received } = await ping(hosts, { count: 1 }).summary();
console.log(JSON.stringify({ received, ms: performance.now() - start }));
