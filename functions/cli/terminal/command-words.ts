/** What messages of the API advise, and how a user of the command does it. */
const WORDS: readonly (readonly [api: string, command: string])[] = [
  ['with strict=false', 'with --no-strict'],
  ['with on_duplicate=overwrite or on_duplicate=skip', 'with --on-duplicate overwrite or --on-duplicate skip'],
  ['with its route /{model}/import', 'with --model'],
  // The command encodes the values of its options.
  [' (in a query, write "+" as "%2B")', ''],
]

/** Replaces the parameters and routes that a message of the API advises by the options of the command. */
export const withCommandWords = (message: string): string =>
  WORDS.reduce((text, [api, command]) => text.replaceAll(api, command), message)
