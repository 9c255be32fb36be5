import { equalRanges } from '../values/equal-ranges.ts'
import { must } from '../values/must.ts'

/** A range of bytes of one source. */
export interface Slice<T> {
  readonly source: T
  readonly start: number
  readonly length: number
}

/** One part of a multipart upload. It consists of bytes that are read and uploaded, or of a range that S3 copies. */
export type Part<T> =
  | { readonly kind: 'upload'; readonly slices: readonly Slice<T>[]; readonly size: number }
  | { readonly kind: 'copy'; readonly slice: Slice<T>; readonly size: number }

/** The limits on the sizes of parts, in bytes. */
export interface LayoutLimits {
  /** S3's minimum size of every part except the last. */
  readonly min: number
  /**
   * Objects of at least this size are copied. Smaller objects are downloaded and uploaded, because one part with many
   * objects is cheaper than a copied part for each object.
   */
  readonly big: number
  /** The size of uploaded parts. */
  readonly flush: number
  /** S3's maximum size of a part. */
  readonly max: number
}

const MIB = 1024 * 1024

export const LAYOUT_LIMITS: LayoutLimits = { min: 5 * MIB, big: 16 * MIB, flush: 32 * MIB, max: 5 * 1024 * MIB }

/** A piece of the composed object. If `copyable` is true, S3 can copy the piece from another object. */
export interface Piece<T> {
  readonly size: number
  readonly source: T
  readonly copyable: boolean
}

/**
 * Divides a sequence of pieces of any size into parts that S3 accepts. Each part has at most `max` bytes, and each part
 * except the last has at least `min` bytes:
 * - A part of `flush` bytes is made only when at least `flush + min` bytes are pending. At least `min` bytes remain for
 *   the next part.
 * - Before a copy, the pending bytes become a part. If they are fewer than `min`, the first bytes of the copied object
 *   are added to them.
 * - The rest of the copied object has at least `big - min` bytes. If the rest exceeds `max`, it is divided into equal
 *   ranges. Each range has more than half of `max`.
 */
export class PartLayout<T> {
  readonly #limits: LayoutLimits
  #pending: Slice<T>[] = []
  #size = 0

  constructor(limits: LayoutLimits = LAYOUT_LIMITS) {
    this.#limits = limits
  }

  /** Appends a piece. Returns the parts that this piece completes. */
  add({ size, source, copyable }: Piece<T>): Part<T>[] {
    const { min, big, flush } = this.#limits
    const parts: Part<T>[] = []
    if (!copyable || size < big) {
      this.#append({ source, start: 0, length: size })
      while (this.#size >= flush + min) parts.push(this.#upload(flush))
      return parts
    }
    const head = this.#size > 0 && this.#size < min ? min - this.#size : 0
    this.#append({ source, start: 0, length: head })
    if (this.#size > 0) parts.push(this.#upload(this.#size))
    return [...parts, ...this.#copies(source, head, size - head)]
  }

  /** Returns a list with the last part. If no bytes are pending, returns an empty list. */
  end(): Part<T>[] {
    return this.#size > 0 ? [this.#upload(this.#size)] : []
  }

  /** Returns a layout with the same pending pieces. */
  copy(): PartLayout<T> {
    const copy = new PartLayout<T>(this.#limits)
    copy.#pending = [...this.#pending]
    copy.#size = this.#size
    return copy
  }

  #append(slice: Slice<T>): void {
    if (slice.length === 0) return
    this.#pending.push(slice)
    this.#size += slice.length
  }

  /** Removes the first `size` pending bytes and returns them as a part. */
  #upload(size: number): Part<T> {
    const slices: Slice<T>[] = []
    let left = size
    while (left > 0) {
      const slice = must(this.#pending.shift())
      const length = Math.min(left, slice.length)
      slices.push({ ...slice, length })
      left -= length
      if (length < slice.length)
        this.#pending.unshift({ ...slice, start: slice.start + length, length: slice.length - length })
    }
    this.#size -= size
    return { kind: 'upload', slices, size }
  }

  /** Divides a range into equal parts of at most `max` bytes. Returns as few parts as possible. */
  #copies(source: T, start: number, length: number): Part<T>[] {
    return equalRanges(length, this.#limits.max).map((range) => ({
      kind: 'copy',
      slice: { source, start: start + range.start, length: range.length },
      size: range.length,
    }))
  }
}
