/**
 * Describes a JSON text without its value: by its type, and by its size unless the size of the type says something about
 * the value. A hash would not hide the value, because many values are short and can be guessed.
 */
export const describeJson = (json: string): string => {
  if (json === 'null') return 'null'
  if (json === 'true' || json === 'false') return 'boolean'
  const type = TYPES.get(json[0] ?? '')
  if (type === undefined) return /^-?\d+$/.test(json) ? 'integer' : 'float'
  return `${type} of ${Buffer.byteLength(json)} bytes of JSON`
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['"', 'string'],
  ['[', 'list'],
  ['{', 'map'],
])
