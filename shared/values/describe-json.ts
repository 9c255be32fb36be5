/**
 * Describes a JSON text by its type, without its value. Strings, lists and maps are also described by their size. A
 * hash would not hide the value, because many values are short and can be guessed. Neither would the size of a boolean.
 */
export const describeJson = (json: string): string => {
  if (json === 'null') return 'null'
  if (json === 'true' || json === 'false') return 'boolean'
  const type = TYPES.get(json.charAt(0))
  if (type === undefined) return /^-?\d+$/.test(json) ? 'integer' : 'float'
  return `${type} of ${Buffer.byteLength(json)} bytes of JSON`
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['"', 'string'],
  ['[', 'list'],
  ['{', 'map'],
])
