/**
 * Determines where a pass may stop. A pass may stop before the first resource of a digest bucket, so two passes never
 * share a bucket. It may not stop before its own first resource, so every pass makes progress.
 */
export class BucketBorders {
  #bucket: string | undefined

  /**
   * Returns true if the pass may stop before this resource of `bucket`. Must be called for every resource, in order.
   */
  isBorder(bucket: string): boolean {
    const isBorder = this.#bucket !== undefined && bucket !== this.#bucket
    this.#bucket = bucket
    return isBorder
  }
}
