import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { BucketDigests, decodeBuckets, encodeBuckets, modelDigest } from '../../shared/archive/digest.ts'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'

const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const leaf = (n: number): Buffer => sha256(`leaf ${n}`)
const h = (bucket: string): string => bucket.padEnd(16, '0')

describe('digests of buckets', () => {
  it('are taken over the leaves of each bucket, in order', () => {
    const digests = new BucketDigests()
    for (const [k, bucket] of ['0001', '0001', '00ff', '0100'].entries()) digests.add(h(bucket), leaf(k))
    expect(digests.end()).toEqual([
      { bucket: '0001', digest: sha256(leaf(0), leaf(1)) },
      { bucket: '00ff', digest: sha256(leaf(2)) },
      { bucket: '0100', digest: sha256(leaf(3)) },
    ])
    expect(digests.end()).toEqual([])
  })

  it('are given once, as soon as a bucket is complete', () => {
    const digests = new BucketDigests()
    digests.add(h('0001'), leaf(1))
    expect(digests.takeDone()).toEqual([])
    digests.add(h('0002'), leaf(2))
    expect(digests.takeDone()).toEqual([{ bucket: '0001', digest: sha256(leaf(1)) }])
    expect(digests.takeDone()).toEqual([])
    expect(digests.end()).toEqual([{ bucket: '0002', digest: sha256(leaf(2)) }])
  })

  it('refuse a bucket after a later one, and name both', () => {
    const digests = new BucketDigests()
    digests.add(h('0002'), leaf(1))
    expect(() => {
      digests.add(h('0001'), leaf(2))
    }).toThrow(new ArchiveInvalidError('bucket 0001 after bucket 0002'))
  })

  it('come to the model’s over their names and raw bytes, which is what they are kept as', () => {
    const buckets = [
      { bucket: '0001', digest: leaf(1) },
      { bucket: 'ffff', digest: leaf(2) },
    ]
    const kept = encodeBuckets(buckets)
    expect(kept).toEqual(Buffer.concat([Buffer.from('0001'), leaf(1), Buffer.from('ffff'), leaf(2)]))
    expect(modelDigest(buckets)).toBe(sha256(kept).toString('hex'))
    expect(decodeBuckets(kept)).toEqual(buckets)
    expect(decodeBuckets(Buffer.alloc(0))).toEqual([])
    expect(() => decodeBuckets(kept.subarray(1))).toThrow('71 bytes are no list')
  })
})
