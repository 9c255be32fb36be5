import { floatText } from '../../../shared/values/float-text.ts'

declare global {
  interface JSON {
    /**
     * Creates a value that `JSON.stringify` writes as this text. Available since Node 22; TypeScript has no type for it
     * yet.
     */
    rawJSON(text: string): object
  }
}

/** A float in JSON. Like SpecStar, it writes an integral value with `.0`. */
export const float = (value: number): object => JSON.rawJSON(floatText(value))

/** SpecStar's encoding of a payload: compact JSON without escaped Unicode, keys in the given order. */
export const jsonText = (value: object): string => JSON.stringify(value)
