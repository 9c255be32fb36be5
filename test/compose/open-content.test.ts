import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import type { StoredBlob } from '../../shared/blobs/blob-store.ts'
import { LargeContent, openContent } from '../../shared/compose/open-content.ts'
import type { Services } from '../../shared/runtime/services.ts'

const GOOD = Buffer.from('a lion')
const BAD = Buffer.from('a lyon')

/** A store with one blob. Each read returns the next of these contents. */
const storeReturning = (
  contents: readonly Buffer[],
  more: Partial<StoredBlob> = {},
): Pick<Services, 'blobs' | 'payloads'> => {
  const rest = [...contents]
  const open = () => {
    const bytes = rest.shift()
    if (bytes === undefined) throw new Error('the blob was read more often than expected')
    return Promise.resolve({
      file_id: 'arms',
      object: { bucket: 'b', key: 'k', etag: 'e', size: GOOD.length },
      sha256: createHash('sha256').update(GOOD).digest('hex'),
      ...more,
      body: Readable.from([bytes]),
    })
  }
  return { blobs: { open } } as unknown as Services
}

it('a blob is not damaged if S3 has verified its bytes, although its user metadata has another SHA-256', async () => {
  const checksum_sha256 = createHash('sha256').update(BAD).digest('hex')
  const stored = await openContent(storeReturning([BAD], { checksum_sha256 }), { position: '1', id: 'arms' }, Infinity)
  expect(stored).toMatchObject({ bytes: BAD, sha256: checksum_sha256 })
})

it('a blob counts as missing if an archive cannot contain its headers', async () => {
  const store = storeReturning([GOOD], { fault: 'S3 cannot return them' })
  expect(await openContent(store, { position: '1', id: 'arms' }, Infinity)).toEqual({
    reason: 'S3 cannot return them. Correct the headers of the object',
  })
})

it('a blob has its headers and user metadata', async () => {
  const properties = { content_type: 'a/b', headers: { expires: '0' }, user_metadata: { owner: 'anna' } }
  const stored = await openContent(storeReturning([GOOD], properties), { position: '1', id: 'arms' }, Infinity)
  expect(stored).toMatchObject(properties)
})

it.each<[string, Buffer[], Buffer | undefined]>([
  ['is read once if its content matches its SHA-256', [GOOD], GOOD],
  ['is read again if its content does not match, because the transfer may have failed', [BAD, GOOD], GOOD],
  ['counts as missing if its content does not match twice', [BAD, BAD], undefined],
])('a blob %s', async (_, readings, bytes) => {
  const stored = await openContent(storeReturning(readings), { position: '1', id: 'arms' }, Infinity)
  expect(stored).toMatchObject(
    bytes === undefined ? { reason: expect.stringContaining('do not match') as string } : { bytes },
  )
})

it('a blob without a recorded SHA-256 is read again if its body is too short', async () => {
  const withoutSha256 = { sha256: undefined } as unknown as Partial<StoredBlob>
  const store = storeReturning([GOOD.subarray(0, 3), GOOD], withoutSha256)
  expect(await openContent(store, { position: '1', id: 'arms' }, Infinity)).toMatchObject({ bytes: GOOD })
})

it('does not read a large blob, and returns the SHA-256 in its metadata and the one that S3 has verified', async () => {
  const checksum_sha256 = createHash('sha256').update(GOOD).digest('hex')
  const properties = { checksum_sha256, content_type: 'image/png' }
  const content = await openContent(storeReturning([GOOD], properties), { position: '1', id: 'arms' }, GOOD.length)
  expect(content).toBeInstanceOf(LargeContent)
  expect(content).toMatchObject({
    object: { size: GOOD.length },
    properties: { content_type: 'image/png' },
    recorded: checksum_sha256,
    verified: checksum_sha256,
  })
})
