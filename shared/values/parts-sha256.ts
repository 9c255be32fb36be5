import { createHash } from 'node:crypto'
import * as z from 'zod'
import { ResumableSha256 } from './resumable-sha256.ts'

/*
 * If an object was uploaded or copied in parts with SHA-256 as checksum algorithm, S3 stores a checksum of its parts:
 * the SHA-256 of the SHA-256s of all parts, in base64, with `-` and the number of parts.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */

/** Returns the checksum of the parts of an object that consists of one part. `sha256` is that of the object, in hex. */
export const partsSha256OfOne = (sha256: string): string =>
  `${createHash('sha256').update(Buffer.from(sha256, 'hex')).digest('base64')}-1`

/** The state of a `PartsSha256`: the number of parts, and the state of a `ResumableSha256`. */
export const PartsSha256State = z.object({ count: z.int(), hash: z.string() }).readonly()
export type PartsSha256State = z.output<typeof PartsSha256State>

/** Computes the checksum of the parts of an object in several passes. */
export class PartsSha256 {
  readonly #hash: ResumableSha256
  #count: number

  private constructor(hash: ResumableSha256, count: number) {
    this.#hash = hash
    this.#count = count
  }

  /** Returns a checksum that continues at a saved state. Without a state, begins a new checksum. */
  static async resume(state?: PartsSha256State): Promise<PartsSha256> {
    return new PartsSha256(await ResumableSha256.resume(state?.hash), state?.count ?? 0)
  }

  /** The number of parts that were added. */
  get count(): number {
    return this.#count
  }

  /** Adds the SHA-256 of the next part. */
  add(sha256: Buffer): void {
    this.#hash.update(sha256)
    this.#count += 1
  }

  save(): PartsSha256State {
    return { count: this.#count, hash: this.#hash.save() }
  }

  /** Returns the checksum. No more parts can be added then. */
  digest(): string {
    return `${Buffer.from(this.#hash.digest(), 'hex').toString('base64')}-${this.#count}`
  }
}
