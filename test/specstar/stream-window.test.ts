import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StreamWindow } from '../../shared/specstar/stream-window.ts'

/** A source in memory that records each read. */
const sourceOf = (bytes: Buffer) => {
  const reads: [number, number][] = []
  return {
    reads,
    size: bytes.length,
    read: (start: number, length: number): Promise<Buffer> => {
      reads.push([start, length])
      return Promise.resolve(bytes.subarray(start, start + length))
    },
  }
}
const bytes = Buffer.from('0123456789')

describe('a stream window', () => {
  it('returns the bytes from its offset on, in reads of any length', async () => {
    const plan = fc.record({
      size: fc.nat(40),
      offset: fc.nat(40),
      piece: fc.integer({ min: 1, max: 12 }),
      lengths: fc.array(fc.nat(15)),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ size, offset, piece, lengths }) => {
        const all = Buffer.from(Array.from({ length: size }, (_, k) => k))
        const from = Math.min(offset, size)
        const source = sourceOf(all)
        const window = new StreamWindow(source, from, piece)
        let expected = from
        for (const maxLength of lengths) {
          const length = Math.min(maxLength, window.remaining)
          expect(await window.read(length)).toEqual(all.subarray(expected, expected + length))
          expected += length
          expect(window.offset).toBe(expected)
          expect(window.remaining).toBe(size - expected)
        }
        // Every byte is requested once, in order.
        expect(source.reads.map(([start]) => start)).toEqual(source.reads.map((_, k) => from + k * piece))
        expect(source.reads.every(([start, length]) => length === Math.min(piece, size - start))).toBe(true)
      }),
    )
  })

  it('reads one piece ahead, and nothing after the end', async () => {
    const source = sourceOf(bytes)
    const window = new StreamWindow(source, 0, 4)
    expect(source.reads).toEqual([])
    await window.read(0)
    expect(source.reads).toEqual([])
    await window.read(1)
    expect(source.reads).toEqual([
      [0, 4],
      [4, 4],
    ])
    await window.read(3)
    expect(source.reads).toHaveLength(2)
    await window.read(1)
    expect(source.reads).toEqual([
      [0, 4],
      [4, 4],
      [8, 2],
    ])
    await window.read(5)
    expect(source.reads).toHaveLength(3)
    expect(window.remaining).toBe(0)
  })

  it('begins at the first byte and reads pieces of 4 MiB by default', async () => {
    const large = Buffer.alloc(4_194_305, 'x')
    const source = sourceOf(large)
    const window = new StreamWindow(source)
    expect(window.offset).toBe(0)
    expect(await window.read(2)).toEqual(Buffer.from('xx'))
    expect(source.reads).toEqual([
      [0, 4_194_304],
      [4_194_304, 1],
    ])
  })

  it('returns views of the pieces that it has read', async () => {
    // Not a buffer of Node's pool: there, a copy could have the same `buffer`.
    const own = Buffer.alloc(10, '0123456789')
    const window = new StreamWindow(sourceOf(own), 1, 4)
    expect((await window.read(1)).toString()).toBe('1')
    const rest = await window.read(3)
    expect(rest.toString()).toBe('234')
    expect(rest.buffer).toBe(own.buffer)
    const pieces: string[] = []
    for await (const piece of window.readPieces(5)) {
      expect(piece.buffer).toBe(own.buffer)
      pieces.push(piece.toString())
    }
    expect(pieces).toEqual(['5678', '9'])
    expect(window.offset).toBe(10)
  })

  it('skips to an offset, and reads everything before it', async () => {
    const source = sourceOf(bytes)
    const window = new StreamWindow(source, 1, 4)
    await window.skipTo(1)
    expect(source.reads).toEqual([])
    await window.skipTo(7)
    expect(window.offset).toBe(7)
    expect(await window.read(2)).toEqual(Buffer.from('78'))
    expect(source.reads).toEqual([
      [1, 4],
      [5, 4],
      [9, 1],
    ])
    await window.skipTo(3)
    expect(window.offset).toBe(9)
  })

  it('rejects a read that continues after the end', async () => {
    const window = new StreamWindow(sourceOf(bytes), 8, 4)
    await expect(window.read(3)).rejects.toThrow(new RangeError('the read continues after the last byte, 10'))
  })

  it('throws the error of a piece that was read ahead only when that piece is needed', async () => {
    const fault = new Error('gone')
    const window = new StreamWindow(
      { size: 8, read: (start) => (start === 0 ? Promise.resolve(Buffer.from('abcd')) : Promise.reject(fault)) },
      0,
      4,
    )
    expect((await window.read(2)).toString()).toBe('ab')
    await new Promise((resolve) => setImmediate(resolve))
    expect((await window.read(2)).toString()).toBe('cd')
    await expect(window.read(1)).rejects.toBe(fault)
  })
})
