import fc from 'fast-check'
import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { hashInSteps, HashPosition } from '../../shared/blobs/hash-in-steps.ts'
import type { PinnedObject } from '../../shared/objects/object.ts'

/** A store with one object. `failAt` is the number of a read that fails after its first byte. */
const storeOf = (bytes: Uint8Array, failAt = Infinity) => {
  let reads = 0
  return {
    read: (_object: PinnedObject, start: number, length: number): Promise<Readable> => {
      reads += 1
      const piece = Buffer.from(bytes.subarray(start, start + length))
      if (reads !== failAt) return Promise.resolve(Readable.from([piece]))
      return Promise.resolve(
        Readable.from(
          (function* () {
            yield piece.subarray(0, 1)
            throw new Error('throttled')
          })(),
        ),
      )
    },
  }
}
const objectOf = (bytes: Uint8Array, etag = 'e'): PinnedObject => ({ bucket: 'b', key: 'k', etag, size: bytes.length })
const stops = (timeIsUp: boolean, handsOver = false) => ({
  stepBytes: 10,
  timeIsUp: () => timeIsUp,
  mustHandOver: () => handsOver,
})

describe('hashing in steps', () => {
  it('has the same result with and without stops', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const store = storeOf(bytes)
        let position: HashPosition | undefined
        let passes = 0
        for (;;) {
          passes += 1
          const hashed = await hashInSteps(store, objectOf(bytes), position, stops(true))
          if ('position' in hashed) {
            position = HashPosition.parse(JSON.parse(JSON.stringify(hashed.position)))
            continue
          }
          expect(hashed).toEqual(await hashInSteps(store, objectOf(bytes), undefined, stops(false)))
          expect(hashed.sha256).toBe(hash('sha256', bytes))
          break
        }
        expect(passes).toBe(Math.max(1, Math.ceil(bytes.length / 10)))
      }),
    )
  })

  it('begins again if the object was replaced', async () => {
    const [before, after] = [Buffer.from('the old bytes of the blob'), Buffer.from('the new bytes of the blob')]
    const first = await hashInSteps(storeOf(before), objectOf(before), undefined, stops(true))
    const position = 'position' in first ? first.position : undefined
    expect(position).toMatchObject({ bytes: 10 })
    expect(await hashInSteps(storeOf(after), objectOf(after, 'new'), position, stops(false))).toMatchObject({
      sha256: hash('sha256', after),
    })
  })

  it('keeps its finished steps if a read fails and the pass must hand over', async () => {
    const bytes = Buffer.from('35 bytes, which are read in 4 steps')
    const hashed = await hashInSteps(storeOf(bytes, 3), objectOf(bytes), undefined, stops(false, true))
    const position = 'position' in hashed ? hashed.position : undefined
    expect(position).toMatchObject({ bytes: 20 })
    expect(await hashInSteps(storeOf(bytes), objectOf(bytes), position, stops(false))).toMatchObject({
      sha256: hash('sha256', bytes),
    })
  })

  it.each([
    ['its first step', 1, true],
    ['a step, and the pass need not hand over', 2, false],
  ])('throws the error of %s', async (_title, failAt, handsOver) => {
    const bytes = Buffer.alloc(40)
    const hashing = hashInSteps(storeOf(bytes, failAt), objectOf(bytes), undefined, stops(false, handsOver))
    await expect(hashing).rejects.toThrow('throttled')
  })
})
