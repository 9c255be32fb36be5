import { DeleteObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { wipe } from '../../../../infra/local/stores/wipe-store.ts'
import { loadModelsFile } from '../../../../shared/resources/models.ts'
import { ResourceStore } from '../../../../shared/resources/aws/resource-store.ts'
import { useServices, type TestServers } from '../../../services.ts'

let servers: TestServers
beforeAll(async () => {
  servers = await useServices()
})
afterAll(() => servers.stop())

it('wiping the store deletes blobs with all their versions and delete markers', async () => {
  const { config, dynamo, s3 } = servers
  const { blobs: Bucket, archives } = config.buckets
  const put = (Key: string, Body: string, bucket = Bucket) =>
    s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))
  for (let blob = 0; blob < 1200; blob++) await put(`blob-${blob}`, 'one')
  await put('blob-0', 'two')
  await put('deleted', 'content')
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'deleted' }))
  await put('archive', 'content', archives)

  const models = await loadModelsFile(new URL('../../../../shared/models.json', import.meta.url))
  const resources = new ResourceStore(dynamo, config.tables.resources, models)
  expect(await wipe({ config, dynamo, s3, resources })).toEqual({ items: 0, blobs: 1200 })

  const left = await s3.send(new ListObjectVersionsCommand({ Bucket }))
  expect([left.Versions, left.DeleteMarkers]).toEqual([undefined, undefined])
  const kept = await s3.send(new ListObjectVersionsCommand({ Bucket: archives }))
  expect(kept.Versions?.map(({ Key }) => Key)).toEqual(['archive'])
})
