/** Finds what there is to run. */

/** All test files, or those in the named places; a place must hold some. */
export function findTests(places: readonly string[]): string[] {
  const files = filesUnder("test").filter((file) => file.endsWith("_test.ts"));
  files.sort();
  if (places.length === 0) return files;
  for (const place of places) {
    if (files.some((file) => isIn(place, file))) continue;
    throw new TypeError(`Cannot find tests in ${place}`);
  }
  return files.filter((file) => places.some((place) => isIn(place, file)));
}

function filesUnder(folder: string): string[] {
  if (!exists(folder)) return [];
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory ? filesUnder(path) : [path];
  });
}

function isIn(place: string, file: string): boolean {
  return file === place || file.startsWith(place.replace(/\/*$/, "/"));
}

/** Where examples are: all of the documentation that there is. */
export function findDocuments(): string[] {
  const pages = ["README.md", ...filesUnder("docs")];
  // To test a module's examples is to load it: a worker's entry would run.
  return [
    ...findSources().filter((path) =>
      Deno.readTextFileSync(path).includes("```")
    ),
    ...pages.filter((path) => path.endsWith(".md") && exists(path)),
  ];
}

/** The product's own modules. */
export function findSources(): string[] {
  return ["mod.ts", ...filesUnder("src")].filter((path) =>
    path.endsWith(".ts") && exists(path)
  );
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
