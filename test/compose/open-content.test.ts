import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { openContent } from '../../shared/compose/open-content.ts'
import type { Services } from '../../shared/runtime/services.ts'

const GOOD = Buffer.from('a lion')
const BAD = Buffer.from('a lyon')

/** A store of one blob that gives these bytes, one reading after the other. */
const giving = (readings: readonly Buffer[]): Pick<Services, 'blobs' | 'payloads'> => {
  const rest = [...readings]
  const open = () => {
    const bytes = rest.shift()
    if (bytes === undefined) throw new Error('read once more than expected')
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
  ['is read once where its bytes are those that were stored', [GOOD], GOOD],
  ['is read again where they are not: the transfer may be at fault', [BAD, GOOD], GOOD],
  ['is missing where they are not, twice', [BAD, BAD], undefined],
])('a blob %s', async (_, readings, bytes) => {
  const stored = await openContent(giving(readings), { position: '1', id: 'arms' })
  expect(stored?.bytes).toEqual(bytes)
})
