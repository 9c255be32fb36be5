import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StreamWindow } from '../../shared/specstar/stream-window.ts'

/** A source in memory that notes each read. */
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

describe('a window on a stream', () => {
  it('gives the bytes from its place on, however they are asked for', async () => {
    const plan = fc.record({
      size: fc.nat(40),
      at: fc.nat(40),
      piece: fc.integer({ min: 1, max: 12 }),
      takes: fc.array(fc.nat(15)),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ size, at, piece, takes }) => {
        const all = Buffer.from(Array.from({ length: size }, (_, k) => k))
        const from = Math.min(at, size)
        const source = sourceOf(all)
        const window = new StreamWindow(source, from, piece)
        let expected = from
        for (const take of takes) {
          const length = Math.min(take, window.left)
          expect(await window.take(length)).toEqual(all.subarray(expected, expected + length))
          expected += length
          expect(window.at).toBe(expected)
          expect(window.left).toBe(size - expected)
        }
        // Every byte is read once, in order.
        expect(source.reads.map(([start]) => start)).toEqual(source.reads.map((_, k) => from + k * piece))
        expect(source.reads.every(([start, length]) => length === Math.min(piece, size - start))).toBe(true)
      }),
    )
  })

  it('reads one piece ahead, the last one as long as it is, and nothing behind the end', async () => {
    const source = sourceOf(bytes)
    const window = new StreamWindow(source, 0, 4)
    expect(source.reads).toEqual([])
    await window.take(0)
    expect(source.reads).toEqual([])
    await window.take(1)
    expect(source.reads).toEqual([
      [0, 4],
      [4, 4],
    ])
    await window.take(3)
    expect(source.reads).toHaveLength(2)
    await window.take(1)
    expect(source.reads).toEqual([
      [0, 4],
      [4, 4],
      [8, 2],
    ])
    await window.take(5)
    expect(source.reads).toHaveLength(3)
    expect(window.left).toBe(0)
  })

  it('begins at the first byte and reads 4 MiB at once, where nothing else is said', async () => {
    const large = Buffer.alloc(4_194_305, 'x')
    const source = sourceOf(large)
    const window = new StreamWindow(source)
    expect(window.at).toBe(0)
    expect(await window.take(2)).toEqual(Buffer.from('xx'))
    expect(source.reads).toEqual([
      [0, 4_194_304],
      [4_194_304, 1],
    ])
  })

  it('gives views of what it holds, and one piece at a time where it holds less', async () => {
    // Not of the pool, where a copy would have the same memory.
    const own = Buffer.alloc(10, '0123456789')
    const window = new StreamWindow(sourceOf(own), 1, 4)
    expect((await window.take(1)).toString()).toBe('1')
    const rest = await window.take(3)
    expect(rest.toString()).toBe('234')
    expect(rest.buffer).toBe(own.buffer)
    const pieces: string[] = []
    for await (const piece of window.pieces(5)) {
      expect(piece.buffer).toBe(own.buffer)
      pieces.push(piece.toString())
    }
    expect(pieces).toEqual(['5678', '9'])
    expect(window.at).toBe(10)
  })

  it('has nothing past the end', async () => {
    const window = new StreamWindow(sourceOf(bytes), 8, 4)
    await expect(window.take(3)).rejects.toThrow(new RangeError('a read past the end'))
  })

  it('tells of a piece that cannot be read when that piece is asked for, and not before', async () => {
    const fault = new Error('gone')
    const window = new StreamWindow(
      { size: 8, read: (at) => (at === 0 ? Promise.resolve(Buffer.from('abcd')) : Promise.reject(fault)) },
      0,
      4,
    )
    expect((await window.take(2)).toString()).toBe('ab')
    await new Promise((resolve) => setImmediate(resolve))
    expect((await window.take(2)).toString()).toBe('cd')
    await expect(window.take(1)).rejects.toBe(fault)
  })
})
