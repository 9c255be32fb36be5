/**
 * Determines where a pass may stop. A pass may stop before the first resource of a digest bucket, so two passes never
 * share a bucket. It may not stop before its own first resource, so every pass makes progress.
 */
export class BucketBorders {
  #bucket: string | undefined

  /**
   * Begins a resource of the digest bucket `bucket`. Returns true if the pass may stop before this resource, because
   * the previous resource is in another bucket. Must be called for every resource, in the order of the archive.
   */
  enter(bucket: string): boolean {
    const isBorder = this.#bucket !== undefined && bucket !== this.#bucket
    this.#bucket = bucket
    return isBorder
  }
}
