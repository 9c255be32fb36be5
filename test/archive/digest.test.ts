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

describe('BucketDigests', () => {
  it('hashes the leaves of each bucket in order', () => {
    const digests = new BucketDigests()
    for (const [k, bucket] of ['0001', '0001', '00ff', '0100'].entries()) digests.add(h(bucket), leaf(k))
    expect(digests.end()).toEqual([
      { bucket: '0001', digest: sha256(leaf(0), leaf(1)) },
      { bucket: '00ff', digest: sha256(leaf(2)) },
      { bucket: '0100', digest: sha256(leaf(3)) },
    ])
  })

  it('returns each bucket once', () => {
    const digests = new BucketDigests()
    expect(digests.end()).toEqual([])
    digests.add(h('0001'), leaf(1))
    expect(digests.end()).toEqual([{ bucket: '0001', digest: sha256(leaf(1)) }])
    digests.add(h('0002'), leaf(2))
    expect(digests.end()).toEqual([{ bucket: '0002', digest: sha256(leaf(2)) }])
    expect(digests.end()).toEqual([])
  })

  it('rejects a bucket that comes before the open one', () => {
    const digests = new BucketDigests()
    digests.add(h('0002'), leaf(1))
    expect(() => {
      digests.add(h('0001'), leaf(2))
    }).toThrow(new ArchiveInvalidError('bucket 0001 follows bucket 0002; buckets must be in ascending order'))
  })
})

describe('encoded buckets', () => {
  const buckets = [
    { bucket: '0001', digest: leaf(1) },
    { bucket: 'ffff', digest: leaf(2) },
  ]
  const encoded = Buffer.concat([Buffer.from('0001'), leaf(1), Buffer.from('ffff'), leaf(2)])

  it('consist of names and raw digests, and are what the digest of a model covers', () => {
    expect(encodeBuckets(buckets)).toEqual(encoded)
    expect(modelDigest(buckets)).toBe(sha256(encoded).toString('hex'))
  })

  it('are decoded again', () => {
    expect(decodeBuckets(encoded)).toEqual(buckets)
    expect(decodeBuckets(Buffer.alloc(0))).toEqual([])
    expect(() => decodeBuckets(encoded.subarray(1))).toThrow(
      new RangeError('a list of bucket digests has 71 bytes, which is not a multiple of 36'),
    )
  })
})
