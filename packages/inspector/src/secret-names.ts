// What gives a secret away where no protocol says so: the name it goes by.

const stems = "pass|pwd|secret|token|credential|auth|key|private|cookie|session";

/** Names of options, keys and flags whose value is not to be shown; "key" alone, since `encryption-key` is one too. */
const secretName = new RegExp(stems, "i");

/** Whether what goes by this name is to be kept back. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** Whether this is a flag whose value is the next argument, such as `--password`. */
export function isSecretFlag(argument: string): boolean {
  return /^--?[\w.-]+$/.test(argument) && secretName.test(argument);
}

/**
 * Whether a text may hold a secret at all. A backslash hides anything in JSON; without one, and without such a name or
 * a user in an address, there is nothing to be found.
 */
export function mayHoldSecrets(text: string): boolean {
  return text.includes("\\") || text.includes("@") || secretName.test(text);
}

/** The end of such a name; what stands before it does not matter. */
const name = String.raw`(?:${stems})[\w.-]{0,64}`;

/** Secrets within a text, each with what stands before them in the first group. */
const named: readonly RegExp[] = [
  // {"password":"..."}, also where it is cut off, and {"password":1}
  new RegExp(String.raw`(${name}"\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|$)|[^\s",}\]]+)`, "gis"),
  // {\"password\":\"...\"}: JSON within JSON
  new RegExp(String.raw`(${name}\\"\s*:\s*\\")(?:[^"\\]|\\(?!").)*`, "gis"),
  // %22password%22:%22...%22: JSON within a URL
  new RegExp(String.raw`(${name}%22(?:%20|\+)?(?::|%3A)(?:%20|\+)?(?:%22)?)(?:[^&%\s]|%(?!22))+`, "gi"),
  // password=..., as in the options of a mount
  new RegExp(String.raw`(${name}=)[^\s,;&"']+`, "gi"),
  // Authorization: Basic ...
  new RegExp(String.raw`(${name}:[ \t]+)(?:(?:basic|bearer)\s+)?[^\s,;"']+`, "gi"),
];

/** https://user:...@host */
const inUrl = /(:\/\/[^\s/:@]{0,100}:)[^\s/@]+(?=@)/g;

/** Takes secrets out of a text: each is replaced by what `hide` makes of it. */
export function hideInText(text: string, hide: (secret: string) => string): string {
  const replace = (rest: string, pattern: RegExp): string =>
    rest.replaceAll(pattern, (match: string, before: string) => before + hide(match.slice(before.length)));
  // Most texts hold neither, and every text of every call comes by here.
  const hidden = secretName.test(text) ? named.reduce(replace, text) : text;
  return hidden.includes("@") ? replace(hidden, inUrl) : hidden;
}
