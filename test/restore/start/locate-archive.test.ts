import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startDynamoDb } from '../../../infra/local/dynamodb/start-dynamodb.ts'
import { startS3 } from '../../../infra/local/s3/start-s3.ts'
import { InvalidRequestError } from '../../../shared/requests/errors.ts'
import { locateArchive } from '../../../shared/restore/start/locate-archive.ts'
import { dynamoDB, s3 } from '../../../shared/runtime/clients.ts'
import { readConfig } from '../../../shared/runtime/config.ts'
import { makeServices } from '../../../shared/runtime/make-services.ts'
import { ScriptedEngine } from '../../functions/test-api.ts'

it('rejects a bucket that the settings allow but S3 does not let the deployment read', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'source-'))
  const [dynamo, objects] = await Promise.all([startDynamoDb({ port: 0 }), startS3({ port: 0, dir })])
  const config = { ...readConfig({}), restore_from: ['of-another-account'] }
  const client = { region: config.region, credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'another' } }
  const dynamoDb = dynamoDB({ ...client, endpoint: dynamo.endpoint })
  const refused = s3({ ...client, endpoint: objects.endpoint })
  try {
    const services = await makeServices({ config, dynamoDb, s3: refused, workflows: new ScriptedEngine() })
    const located = locateArchive(services, { bucket: 'of-another-account', key: 'a.acbak' })
    await expect(located).rejects.toThrow(InvalidRequestError)
    await expect(located).rejects.toMatchObject({ errors: [{ field: 'from.bucket' }] })
  } finally {
    dynamoDb.destroy()
    refused.destroy()
    await Promise.all([dynamo.stop(), objects.stop()])
    await rm(dir, { recursive: true })
  }
})
