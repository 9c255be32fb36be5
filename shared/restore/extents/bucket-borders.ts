/**
 * Finds the resources before which a pass may stop: those that begin a digest bucket, except the first resource of the
 * pass. A bucket is therefore never split between two passes, and every pass advances.
 */
export class BucketBorders {
  #bucket: string | undefined

  /** True if the resource that begins in `bucket` is such a resource. Called for every resource in order. */
  isBorder(bucket: string): boolean {
    const isBorder = this.#bucket !== undefined && bucket !== this.#bucket
    this.#bucket = bucket
    return isBorder
  }
}
