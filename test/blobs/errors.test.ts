import { describe, expect, it } from 'vitest'
import { BlobHeadersRejectedError, BlobsMissingError, MISSING_BLOBS_HINT } from '../../shared/blobs/errors.ts'

const ids = (count: number): string[] => Array.from({ length: count }, (_, k) => `id ${k}`)

describe('the error for missing blobs', () => {
  it.each([
    [1, '1 blob cannot be read: id 0'],
    [5, '5 blobs cannot be read: id 0, id 1, id 2, id 3, id 4'],
    [6, '6 blobs cannot be read: id 0, id 1, id 2, id 3, id 4, …'],
  ])('names at most five of %d ids in its message', (count, message) => {
    expect(new BlobsMissingError(ids(count))).toMatchObject({
      count,
      message: `${message}. ${MISSING_BLOBS_HINT}`,
      ids: ids(count),
    })
  })

  it('says nothing about references to blobs if only spilled payloads are missing', () => {
    expect(new BlobsMissingError(['payloads/1'])).toMatchObject({ message: '1 blob cannot be read: payloads/1' })
    expect(new BlobsMissingError(['payloads/1', 'a']).message).toContain(MISSING_BLOBS_HINT)
  })

  it('names the first resource that refers to a blob, and contains the first 100 referrers', () => {
    const referredBy = ids(101).map((id) => ({ id, resources: [{ model: 'city', resource_id: `of ${id}` }] }))
    const error = new BlobsMissingError(ids(101), referredBy)
    expect(error.message).toMatch(/^101 blobs cannot be read: id 0 \(model city, resource "of id 0"\), id 1 \(/)
    expect(error.referred_by).toEqual(referredBy.slice(0, 100))
    expect(new BlobsMissingError(ids(1)).referred_by).toBeUndefined()
  })

  it('contains the first 100 ids', () => {
    expect(new BlobsMissingError(ids(101))).toMatchObject({ count: 101, ids: ids(100) })
  })
})

describe('the error for headers that S3 rejects', () => {
  it('names the blob and the reason of S3', () => {
    expect(new BlobHeadersRejectedError('a/b', new Error('too large'))).toMatchObject({
      id: 'a/b',
      message: 'S3 rejected the headers and user metadata of blob "a/b" as too large: too large',
    })
  })
})
