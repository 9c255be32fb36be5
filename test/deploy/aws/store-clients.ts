import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { S3Client } from '@aws-sdk/client-s3'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { type Config, readConfig } from '../../../shared/runtime/config.ts'
import type { StoreClients } from '../../contents.ts'
import type { AccessKey, EmulatorAddress } from '../emulator/emulator.ts'

/** Returns clients for the tables and buckets of a deployment, with the names that the app gives them. */
export const storeClients = (
  { port, certificate, account }: EmulatorAddress,
  { deployment, region, key }: { readonly deployment: string; readonly region: string; readonly key: AccessKey },
): StoreClients => {
  const options = {
    region,
    endpoint: `https://127.0.0.1:${port}`,
    credentials: key,
    // With options instead of an agent, the SDK would send large bodies without the certificate.
    requestHandler: { httpsAgent: new Agent({ keepAlive: true, ca: readFileSync(certificate) }) },
  }
  return {
    dynamo: new DynamoDBClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    config: configOf(deployment, account, region),
  }
}

const configOf = (deployment: string, account: string, region: string): Config => {
  const bucket = (purpose: string): string => `${deployment}-${purpose}-${account}-${region}`
  return readConfig({
    DEPLOYMENT: deployment,
    AWS_REGION: region,
    RESOURCE_TABLE: `${deployment}-resources`,
    JOB_TABLE: `${deployment}-jobs`,
    BLOB_BUCKET: bucket('blobs'),
    ARCHIVE_BUCKET: bucket('archives'),
    RESTORE_BUCKET: bucket('restores'),
    WORK_BUCKET: bucket('work'),
  })
}
