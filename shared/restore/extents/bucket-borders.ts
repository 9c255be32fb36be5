/**
 * Determines before which resources a pass may stop. A pass may stop before a resource that begins a digest bucket, but
 * not before the first resource of the pass. Therefore, two passes never share a bucket, and every pass makes progress.
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
