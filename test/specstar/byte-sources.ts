import type { ByteSource } from '../../shared/specstar/stream-window.ts'

/** A source in memory that records the length of the largest read. */
export const sourceOf = (bytes: Buffer) => {
  const source = {
    size: bytes.length,
    largest: 0,
    read: (start: number, length: number): Promise<Buffer> => {
      source.largest = Math.max(source.largest, length)
      return Promise.resolve(bytes.subarray(start, start + length))
    },
  }
  return source
}

/** A source of bytes and of runs of zeros. A run of zeros needs no memory until it is read. */
export const sparse = (...parts: readonly (Buffer | number)[]): ByteSource => {
  const lengthOf = (part: Buffer | number): number => (typeof part === 'number' ? part : part.length)
  return {
    size: parts.reduce<number>((sum, part) => sum + lengthOf(part), 0),
    read: (start, length) => {
      const bytes = Buffer.alloc(length)
      let at = 0
      for (const part of parts) {
        const from = Math.max(start, at)
        if (typeof part !== 'number' && from < at + part.length && at < start + length)
          part.copy(bytes, from - start, from - at)
        at += lengthOf(part)
      }
      return Promise.resolve(bytes)
    },
  }
}
