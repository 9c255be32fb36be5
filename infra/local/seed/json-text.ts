import { floatText } from '../../../shared/values/float-text.ts'

declare global {
  interface JSON {
    /**
     * Returns an object for which `JSON.stringify` writes `text` without changes. TypeScript has no type yet for this
     * function, which Node 22 has added.
     */
    rawJSON(text: string): object
  }
}

/** Returns an object that `JSON.stringify` writes as a float. Like SpecStar, it writes whole numbers with `.0`. */
export const float = (value: number): object => JSON.rawJSON(floatText(value))

/**
 * Encodes a payload as SpecStar does: compact JSON without escaped Unicode characters, with the keys in their order.
 */
export const payloadText = (value: object): string => JSON.stringify(value)
