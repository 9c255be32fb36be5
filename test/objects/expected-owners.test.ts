import { afterAll, beforeAll, expect, it } from 'vitest'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import type { PinnedObject } from '../../shared/objects/object.ts'
import { useServices, type TestServers } from '../services.ts'

const LOCAL_ACCOUNT = '000000000000'
const ANOTHER_ACCOUNT = '111111111111'

let servers: TestServers
let archive: PinnedObject
beforeAll(async () => {
  servers = await useServices()
  archive = await new ObjectStore(servers.s3).put(servers.config.buckets.archives, 'a.acbak', Buffer.from('archive'))
})
afterAll(() => servers.stop())

const storeExpecting = (account: string): ObjectStore =>
  new ObjectStore(servers.newS3(), new Map([[archive.bucket, account]]))

const READS: readonly (readonly [string, (store: ObjectStore) => Promise<unknown>])[] = [
  ['heads', (store) => store.head(archive.bucket, archive.key)],
  ['whole reads', (store) => store.getBytes(archive.bucket, archive.key)],
  ['reads of a range', (store) => store.readBytes(archive, 2, 3)],
  ['lists', (store) => Array.fromAsync(store.list(archive.bucket))],
  [
    'copies of parts',
    async (store) => {
      const upload = await store.multipart(servers.config.buckets.blobs, 'copy')
      await upload.copyPart(1, { object: archive, start: 0, length: archive.size })
      return upload.complete()
    },
  ],
]

it.each(READS)('are accepted only from the expected owner of the bucket: %s', async (_, read) => {
  await expect(read(storeExpecting(LOCAL_ACCOUNT))).resolves.toBeDefined()
  await expect(read(storeExpecting(ANOTHER_ACCOUNT))).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
})

it('checks no owner of other buckets', async () => {
  const store = storeExpecting(ANOTHER_ACCOUNT)
  await expect(store.head(servers.config.buckets.blobs, 'none')).resolves.toBeUndefined()
})
