import { randomBytes } from 'node:crypto'

// A version id has 32 hex digits: 14 digits of the sequence number, and the 18 digits of 9 random bytes. The sequence
// number allows a list to continue after a version that has been deleted.
const SEQUENCE_DIGITS = 14
const RANDOM_BYTES = 9

export const VERSION_ID = /^[0-9a-f]{32}$/

/** Numbers all writes in ascending order. `latest` is the largest number before the start of the service. */
export class Sequence {
  #latest: number

  constructor(latest: number) {
    this.#latest = latest
  }

  next(): number {
    this.#latest = Math.max(this.#latest + 1, Date.now() * 1000)
    return this.#latest
  }
}

export function newVersionId(sequence: number): string {
  return sequence.toString(16).padStart(SEQUENCE_DIGITS, '0') + randomBytes(RANDOM_BYTES).toString('hex')
}

export function sequenceOf(versionId: string): number {
  return parseInt(versionId.slice(0, SEQUENCE_DIGITS), 16)
}
