import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { openContent } from '../../shared/compose/open-content.ts'
import type { Services } from '../../shared/runtime/services.ts'

const GOOD = Buffer.from('a lion')
const BAD = Buffer.from('a lyon')

/** A store with one blob. Each read returns the next of these contents. */
const storeReturning = (contents: readonly Buffer[]): Pick<Services, 'blobs' | 'payloads'> => {
  const rest = [...contents]
  const open = () => {
    const bytes = rest.shift()
    if (bytes === undefined) throw new Error('the blob was read more often than expected')
    return Promise.resolve({
      file_id: 'arms',
      object: { bucket: 'b', key: 'k', etag: 'e', size: GOOD.length },
      sha256: createHash('sha256').update(GOOD).digest('hex'),
      body: Readable.from([bytes]),
    })
  }
  return { blobs: { open } } as unknown as Services
}

it.each<[string, Buffer[], Buffer | undefined]>([
  ['is read once if its content matches its SHA-256', [GOOD], GOOD],
  ['is read again if its content does not match, because the transfer may have failed', [BAD, GOOD], GOOD],
  ['counts as missing if its content does not match twice', [BAD, BAD], undefined],
])('a blob %s', async (_, readings, bytes) => {
  const stored = await openContent(storeReturning(readings), { position: '1', id: 'arms' })
  expect(stored?.bytes).toEqual(bytes)
})
