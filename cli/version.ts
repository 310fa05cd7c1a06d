/** The version; a test holds it to that of `deno.json`. */
export const version = "0.1.0";
