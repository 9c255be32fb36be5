import { must } from '../values/must.ts'

/** A run of bytes of one source. */
export interface Slice<T> {
  readonly source: T
  readonly start: number
  readonly length: number
}

/** One part of a multipart upload: bytes that are read and sent, or a range that the storage copies itself. */
export type Part<T> =
  | { readonly kind: 'upload'; readonly slices: readonly Slice<T>[]; readonly size: number }
  | { readonly kind: 'copy'; readonly slice: Slice<T>; readonly size: number }

/** Sizes in bytes, see `LAYOUT_LIMITS`. */
export interface LayoutLimits {
  readonly min: number
  readonly big: number
  readonly flush: number
  readonly max: number
}

const MIB = 1024 * 1024

/**
 * `min`, `max`: S3's bounds for every part but the last. `big`: from this size on an object is copied; below it reading is
 * cheaper than a part of its own. `flush`: what is sent as one part.
 */
export const LAYOUT_LIMITS: LayoutLimits = { min: 5 * MIB, big: 16 * MIB, flush: 32 * MIB, max: 5 * 1024 * MIB }

/** A piece to lay down. Copyable ones are objects of the storage; the last piece of all must not be one. */
export interface Piece<T> {
  readonly size: number
  readonly source: T
  readonly copyable: boolean
}

/**
 * Lays pieces end to end into parts that S3 takes. It always fits: a part is sent only when at least `min` stays behind or
 * stands before a copy, where it is topped up to `min`; a copied rest is at least `big - min`, and cut, each range is over
 * half of `max`; only the last part may be short, and there is always one.
 */
export class PartLayout<T> {
  readonly #limits: LayoutLimits
  #pending: Slice<T>[] = []
  #size = 0

  constructor(limits: LayoutLimits = LAYOUT_LIMITS) {
    this.#limits = limits
  }

  /** The parts that are settled by this piece. */
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

  /** The last part: what is still pending. */
  end(): Part<T>[] {
    return this.#size > 0 ? [this.#upload(this.#size)] : []
  }

  #append(slice: Slice<T>): void {
    if (slice.length === 0) return
    this.#pending.push(slice)
    this.#size += slice.length
  }

  /** ResourceFilter the first `size` pending bytes. */
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

  /** Equal ranges, as few as `max` allows. */
  #copies(source: T, start: number, length: number): Part<T>[] {
    const count = Math.ceil(length / this.#limits.max)
    const border = (k: number): number => start + Math.floor((k * length) / count)
    return Array.from({ length: count }, (_, k) => {
      const size = border(k + 1) - border(k)
      return { kind: 'copy', slice: { source, start: border(k), length: size }, size }
    })
  }
}
