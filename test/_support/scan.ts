/** A small scanner of TypeScript sources: what they import, say and call. */

/** A source file taken apart. */
export interface Source {
  /** Where it is, from the repository's root. */
  readonly path: string;
  /** The text as it is. */
  readonly text: string;
  /** The text with comments gone and each string's content left out. */
  readonly code: string;
  /** The specifiers of imports and re-exports, of types too, in order. */
  readonly imports: readonly string[];
  /** All strings, imported specifiers among them; `code` has their indices. */
  readonly strings: readonly string[];
}

/** Takes a source apart. Strings stand in `code` as `"0"`, `"1"`, ... */
export function scan(path: string, text: string): Source {
  const { code, strings } = separate(text);
  const imports = [...code.matchAll(/\b(?:from|import)\s*\(?\s*"(\d+)"/g)]
    .map(([, index]) => strings[Number(index)]);
  return { path, text, code, imports, strings };
}

/** Whether a `/` after this code begins a regular expression. */
const beforePattern =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^\n]|=>|\b(?:return|typeof|case|of|in|yield|await))\s*$/;

const blank = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const quoted = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y;
const pattern = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
const literal = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y;

function separate(text: string): { code: string; strings: string[] } {
  const strings: string[] = [];
  let code = "";
  let at = 0;
  // Depths of braces at which a template's `${` was opened.
  const templates: number[] = [];
  let depth = 0;

  const take = (expression: RegExp): string | undefined => {
    expression.lastIndex = at;
    const found = expression.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const keep = (content: string): void => {
    code += `"${strings.push(content) - 1}"`;
  };
  const takeTemplate = (): void => {
    keep(take(literal) ?? "");
    if (text[at] === "$") {
      templates.push(depth++);
      code += "+(";
      at += 2;
    } else at++;
  };

  while (at < text.length) {
    const character = text[at];
    if (take(blank) !== undefined) {
      code += " ";
    } else if (character === '"' || character === "'") {
      const found = take(quoted);
      if (found === undefined) code += text[at++];
      else keep(found.slice(1, -1));
    } else if (character === "`") {
      at++;
      takeTemplate();
    } else if (character === "/" && beforePattern.test(code.slice(-80))) {
      code += take(pattern) === undefined ? text[at++] : "/ /";
    } else if (character === "}" && templates.at(-1) === depth - 1) {
      depth = templates.pop()!;
      code += ")+";
      at++;
      takeTemplate();
    } else {
      if (character === "{") depth++;
      if (character === "}") depth--;
      code += character;
      at++;
    }
  }
  return { code, strings };
}
