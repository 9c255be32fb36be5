import { describe, expect, it } from 'vitest'
import { idHashOf } from '../../../shared/resources/keys.ts'
import { extentIncludes, type LeftOutList, LeftOutLookup } from '../../../shared/restore/results/left-out-lookup.ts'

const IDS = Array.from({ length: 400 }, (_, k) => `r${k}`)
const DIGITS = Array.from({ length: 16 }, (_, k) => k.toString(16))

/** One list of a model per first hex digit of the id hash. Adds the digit to `reads` each time a list is read. */
const listsOf = (model: string, reads: string[]): LeftOutList[] =>
  DIGITS.map((digit) => ({
    model,
    includes: (h) => h.startsWith(digit),
    read: () => {
      reads.push(`${model} ${digit}`)
      return Promise.resolve(IDS.filter((id) => idHashOf(id).startsWith(digit)))
    },
  }))

describe('the lookup of left-out resources', () => {
  it('reads only the lists that can contain the resource, each of them once', async () => {
    const reads: string[] = []
    const lookup = new LeftOutLookup([...listsOf('city', reads), ...listsOf('memo', reads)])
    for (const id of ['r1', 'other', 'r1', 'other']) expect(await lookup.has('city', id)).toBe(id === 'r1')
    const digits = new Set(['r1', 'other'].map((id) => `city ${idHashOf(id).charAt(0)}`))
    expect(reads).toEqual([...digits])
    expect(await lookup.has('ghost', 'r1')).toBe(false)
  })

  it('keeps a limited number of ids in memory, of the lists that were used last', async () => {
    const reads: string[] = []
    const lookup = new LeftOutLookup(listsOf('city', reads), 100)
    for (const id of IDS) {
      expect(await lookup.has('city', id)).toBe(true)
      expect(lookup.held).toBeLessThanOrEqual(100)
    }
    reads.length = 0
    expect(await lookup.has('city', IDS.at(-1) ?? '')).toBe(true)
    expect(reads).toEqual([])
  })

  it('keeps one list, even if it has more ids than the limit', async () => {
    const reads: string[] = []
    const lookup = new LeftOutLookup(listsOf('city', reads), 1)
    expect([await lookup.has('city', 'r1'), await lookup.has('city', 'r1')]).toEqual([true, true])
    expect(reads).toHaveLength(1)
  })
})

describe('an extent', () => {
  const segments = [
    { first_h: '1'.repeat(16), last_h: '8'.repeat(16) },
    { first_h: '9'.repeat(16), last_h: 'b'.repeat(16) },
    { first_h: 'c'.repeat(16), last_h: 'd'.repeat(16) },
  ]
  const first = { first: 0, last: 0 }
  const NONE: string[] = []
  const at = (bucket: string): string => bucket.padEnd(16, '0')

  it.each([
    ['of a whole segment', { segments: first }, ['1112', '8888'], ['1110', '8889']],
    ['of two segments', { segments: { first: 0, last: 1 } }, ['1112', '9999', 'bbbb'], ['1110', 'bbbc', 'cccd']],
    ['from a bucket', { segments: first, from: { segment: 0, entry: 1, bucket: '3000' } }, ['3000', '8000'], ['2fff']],
    ['to a bucket', { segments: first, to_bucket: '3000' }, ['1112', '2fff'], ['3000']],
    ['without a segment', {}, NONE, ['1112', '8000']],
  ])('includes the id hashes of its buckets: %s', (_what, extent, inside, outside) => {
    for (const bucket of [...inside, ...outside])
      expect([bucket, extentIncludes({ segments }, extent, at(bucket))]).toEqual([bucket, inside.includes(bucket)])
  })
})
