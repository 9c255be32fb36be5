declare global {
  interface JSON {
    /** Text that `JSON.stringify` writes as it is (Node 22 and later; TypeScript does not know it yet). */
    rawJSON(text: string): object
  }
}

/** A float that stays one in JSON: a whole number keeps `.0` behind it, as SpecStar writes it. */
export const float = (value: number): object => {
  const text = JSON.stringify(value)
  return JSON.rawJSON(/[.e]/.test(text) ? text : `${text}.0`)
}

/** Compact JSON in raw UTF-8, keys in the order given: SpecStar's encoding of a payload. */
export const jsonText = (value: object): string => JSON.stringify(value)
