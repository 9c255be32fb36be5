import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { InvalidRequestError } from '../../../shared/requests/errors.ts'
import { SourceNotAllowedError } from '../../../shared/restore/errors.ts'
import { locateArchive, type LocateArchiveServices } from '../../../shared/restore/start/locate-archive.ts'
import { s3 } from '../../../shared/runtime/clients.ts'
import { makeServices } from '../../../shared/runtime/make-services.ts'
import { ScriptedEngine } from '../../functions/test-api.ts'
import { useServices, type TestServers } from '../../services.ts'

let servers: TestServers
beforeAll(async () => {
  servers = await useServices()
})
afterAll(() => servers.stop())

const servicesWith = (
  restore_from: readonly { readonly bucket: string; readonly account?: string }[],
  client = servers.newS3(),
): Promise<LocateArchiveServices> =>
  makeServices({
    config: { ...servers.config, restore_from },
    dynamoDb: servers.dynamo,
    s3: client,
    workflows: new ScriptedEngine(),
  })

it('rejects a bucket that the settings allow but S3 does not let the deployment read', async () => {
  const endpoint = await servers.s3.config.endpoint?.()
  const refused = s3({
    region: servers.config.region,
    endpoint: `http://${endpoint?.hostname}:${endpoint?.port}`,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'another' },
  })
  const services = await servicesWith([{ bucket: 'of-another-account' }], refused)
  const located = locateArchive(services, { bucket: 'of-another-account', key: 'a.acbak' })
  await expect(located).rejects.toThrow(InvalidRequestError)
  await expect(located).rejects.toMatchObject({ errors: [{ field: 'from.bucket' }] })
  refused.destroy()
})

it('checks the owner of a bucket whose account the settings contain', async () => {
  const bucket = `elsewhere-${servers.config.buckets.blobs}`
  await servers.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const owned = await servicesWith([{ bucket, account: '000000000000' }])
  await owned.objects.put(bucket, 'a.acbak', Buffer.from('archive'))
  await expect(locateArchive(owned, { bucket, key: 'a.acbak' })).resolves.toMatchObject({ bucket, key: 'a.acbak' })
  const anothers = await servicesWith([{ bucket, account: '111111111111' }])
  await expect(locateArchive(anothers, { bucket, key: 'a.acbak' })).rejects.toThrow(
    'check that the account 111111111111 owns the bucket',
  )
})

it.each(['blobs', 'work'] as const)(
  'does not restore from the %s bucket, even if the settings list it',
  async (name) => {
    const bucket = servers.config.buckets[name]
    const services = await servicesWith([{ bucket }, { bucket: 'other' }])
    const located = locateArchive(services, { bucket, key: 'a.acbak' })
    await expect(located).rejects.toThrow(SourceNotAllowedError)
    const { archives, restores } = servers.config.buckets
    await expect(located).rejects.toMatchObject({ bucket, allowed: [archives, restores, 'other'] })
  },
)
